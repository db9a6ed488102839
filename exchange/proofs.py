"""What a citizen takes home: her records as the log holds them, and the proof that it does.

For each record the leaf and its side opened, its place in the tree and the hashes beside its way to the root; once for
all, the signed checkpoint. `tools/verify_records.py` checks such a file without asking anyone.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from codes.rist1 import Code
from exchange import ledger, notes, tlog, tree, trust_log
from exchange.models import AccessRecord, AccessRecordQuerySet, Checkpoint
from holdings.periods import legal_day

FORMAT = "mynaportal-records/1"


def of_citizen(*, portal_code: Code, at: datetime, since: int | None = None) -> dict[str, Any]:
    """All her disclosed records with their proofs. `since` is the size that an earlier file of hers states: the proof
    that the log of today continues the log of then is added. Raises ValueError for a size that never was."""
    rows = _rows(portal_code, at)
    withheld = AccessRecord.objects.about(ledger.subject_of(portal_code)).opening().withheld(legal_day(at))
    return {**_file(rows, since), "withheld": withheld.count()}


def of_record(*, portal_code: Code, reference: str | uuid.UUID, at: datetime) -> dict[str, Any] | None:
    """One record of hers with its proofs; none for another's, for a withheld and for an invented one alike."""
    event = ledger.event_of(reference, ledger.INQUIRER)
    content = _file(_rows(portal_code, at).filter(event=event), None)
    return content if content["records"] else None


def of_trust(*, before: int | None = None, since: int | None = None) -> dict[str, Any]:
    """Changes of trust with their proofs, for everyone, the newest first; `older` is the `before` of the next page.

    What lies sealed beside them is not given. Raises ValueError for a size that never was.
    """
    page = trust_log.page(before=before)
    return {**_file(page.rows, since, party=ledger.LOG, is_opened=False), "older": page.older}


def consistency(*, old: int, new: int) -> list[str] | None:
    """The proof that the log of size `new` continues that of size `old`; none where it never had such a size."""
    newest = tree.newest_checkpoint()
    if newest is None or not 0 < old <= new <= newest.size:
        return None
    return _texts(lambda: tlog.consistency_proof(old, new, tree.nodes(new)))


def note_of(checkpoint: Checkpoint) -> str:
    """The signed checkpoint, with the lines of the witnesses that saw it."""
    return notes.with_lines(checkpoint.note, checkpoint.cosignatures.order_by("id").values_list("line", flat=True))


def _rows(portal_code: Code, at: datetime) -> AccessRecordQuerySet:
    mine = AccessRecord.objects.about(ledger.subject_of(portal_code)).disclosed(legal_day(at))
    return mine.select_related("leaf").order_by("leaf")


def _file(
    rows: Iterable[AccessRecord], since: int | None, *, party: str = ledger.INQUIRER, is_opened: bool = True
) -> dict[str, Any]:
    newest = tree.newest_checkpoint()
    content: dict[str, Any] = {"format": FORMAT, "keys": [str(verifier) for verifier in tree.verifiers()]}
    if newest is None:
        return {**content, "checkpoint": "", "records": []}
    if since is not None:
        if (proof := consistency(old=since, new=newest.size)) is None:
            raise ValueError("The log never had this size.")
        content["since"] = {"size": since, "proof": proof}
    seen = newest if newest.cosignatures.exists() else _last_seen()
    if seen is not None:
        proof = consistency(old=seen.size, new=newest.size)
        content["witnessed"] = {"checkpoint": note_of(seen), "proof": proof}
    nodes = tree.nodes(newest.size)
    records: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in rows:
        records.setdefault(row.event, []).append(_entry(row, newest.size, nodes, is_opened))
    content["records"] = [
        {"reference": ledger.reference(event, party), "entries": entries} for event, entries in records.items()
    ]
    return {**content, "checkpoint": note_of(newest)}


def _entry(row: AccessRecord, size: int, nodes: tlog.Nodes, is_opened: bool) -> dict[str, Any]:
    opened = {}
    if is_opened:
        side = ledger.side_of(row)
        opened = {"salt": side[: ledger.SALT_BYTES].hex(), "side": side[ledger.SALT_BYTES :].decode()}
    return {
        "index": row.leaf_id,
        "leaf": row.leaf.body,
        **opened,
        "proof": _texts(lambda: tlog.inclusion_proof(row.leaf_id, size, nodes)),
    }


def _last_seen() -> Checkpoint | None:
    return Checkpoint.objects.filter(cosignatures__isnull=False).order_by("-size").first()


def _texts(prove: Callable[[], Sequence[bytes]]) -> list[str]:
    """A proof in text. Where the tree is damaged none can be made; the file shows it, and its checker says so."""
    try:
        return [base64.b64encode(hashed).decode() for hashed in prove()]
    except tree.Damaged:
        return []
