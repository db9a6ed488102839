"""The log compared with its own rows: every leaf hashed again, from its text, up to each root that was ever signed.

It finds a row that was changed, moved, taken out or put in directly in the database. What it cannot find is a whole
tree made anew and signed with the stolen key: that is what witnesses and citizens' earlier files are for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from exchange import ledger, notes, tlog, tree
from exchange.models import AccessRecord, Checkpoint, Leaf, Tile
from exchange.tlog import CompactRange
from keys.sealing import CannotOpen

_CHUNK = 5000
_KEPT_DAYS = 7 * 365  # a day or two less than the trigger, which counts calendar years


def faults() -> Iterator[str]:
    """What is wrong, one sentence for each fault, from the beginning of the log to its end."""
    verifiers = tree.verifiers()
    stated = Checkpoint.objects.order_by("size").values_list("size", "root", "note").iterator(chunk_size=_CHUNK)
    size, root, note = next(stated, (0, b"", ""))
    grown, pending_tile = CompactRange(), bytearray()
    for leaf in Leaf.objects.order_by("index").iterator(chunk_size=_CHUNK):
        if leaf.index != grown.size:
            yield f"Entry {grown.size} is missing: the next one has the place {leaf.index}."
            return
        hashed = tlog.leaf_hash(leaf.body.encode())
        if hashed != bytes(leaf.hash) or not _names(leaf.body, str(leaf.id)):
            yield f"Entry {leaf.index} was changed."
        grown.append(hashed)
        pending_tile += hashed
        if len(pending_tile) == tlog.TILE_WIDTH * tlog.HASH_BYTES:
            number = leaf.index // tlog.TILE_WIDTH
            stored = Tile.objects.filter(level=0, number=number).values_list("hashes", flat=True).first()
            if stored is None or bytes(stored) != bytes(pending_tile):
                yield f"The entries from {number * tlog.TILE_WIDTH} to {leaf.index} are not those of their tile."
            pending_tile.clear()
        if grown.size == size:
            if grown.root() != bytes(root) or not _states(note, size, bytes(root), verifiers):
                yield f"The checkpoint of {size} entries does not fit the entries: one of them, or it, was changed."
                return
            size, root, note = next(stated, (0, b"", ""))
    if size:
        yield f"The log ends after {grown.size} entries, but a checkpoint states {size}."
    newest = tree.newest_checkpoint()
    if grown.size and (newest is None or newest.size < grown.size):
        yield f"The log has {grown.size} entries, but its last checkpoint states fewer."


def sides_amiss(*, at: datetime) -> Iterator[str]:
    """Side rows that are not what their leaves bind: changed, swapped, hidden from their person, or gone too early."""
    for row in AccessRecord.objects.select_related("leaf").order_by("leaf").iterator(chunk_size=_CHUNK):
        if not _is_bound(row):
            yield f"The side of entry {row.leaf_id} was changed."
    kept_since = at - timedelta(days=_KEPT_DAYS)
    for index in Leaf.objects.filter(record__isnull=True, written_at__gt=kept_since).values_list("index", flat=True):
        yield f"The side of entry {index} is missing."


def _is_bound(row: AccessRecord) -> bool:
    """Whether the side is the one that the leaf's hash binds, and every column says what it says."""
    try:
        side = ledger.side_of(row)
        stated, private = json.loads(row.leaf.body), json.loads(side[ledger.SALT_BYTES :])
    except (CannotOpen, ValueError):
        return False
    columns = [row.kind, row.phase, row.event, row.subject and bytes(row.subject).hex(), row.disclosed_from, row.at]
    bound = [stated["kind"], stated["phase"], UUID(private["event"]), private["subject"]]
    bound += [private["disclosed_from"] and date.fromisoformat(private["disclosed_from"])]
    bound += [datetime.fromisoformat(stated["at"])]
    return columns == bound and hashlib.sha256(side).hexdigest() == stated["side_hash"]


def _names(body: str, id_: str) -> bool:
    try:
        return bool(json.loads(body)["id"] == id_)
    except (ValueError, KeyError, TypeError):
        return False


def _states(note: str, size: int, root: bytes, verifiers: list[notes.Verifier]) -> bool:
    try:
        stated = notes.Checkpoint.parse(note)
        return (stated.size, stated.root) == (size, root) and bool(notes.signers(note, verifiers))
    except notes.NotANote:
        return False
