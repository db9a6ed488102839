"""The ledger: every use of a code is on record, committed before its answer leaves (article 23).

A record is a leaf and a side row, written together. The leaf is canonical JSON (exchange.canonical_json) without
personal data, and `hash` is its RFC 9162 leaf hash, SHA-256(0x00 || body). The side row says whom it concerns, by a
keyed hash, and holds sealed what no one else may read; the leaf binds it by SHA-256(salt || side).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from agencies.models import Agency
from codes.rist1 import Code
from exchange import canonical_json, conversion, sequencer, statute
from exchange.models import AccessRecord, Phase
from exchange.sequencer import Prepared
from exchange.statute import Rule
from holdings.periods import legal_day
from keys.sealing import Sealer, keyed_hash, open_sealed

VERSION = 1
SALT_BYTES = 32
# Those who know one event, each under an id of its own.
INQUIRER = "inquirer"
PROVIDER = "provider"
LOG = "log"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Event:
    """One use of a code, from its first record to its last."""

    kind: str
    inquirer: Agency
    provider: Agency | None
    affair: str
    data_set: str
    items: tuple[str, ...]
    subject: bytes | None
    private: Mapping[str, str]
    is_withheld: bool = False
    disclosed_from: date | None = None
    on_behalf_of: Agency | None = None
    # Of a change of trust: what changed, in words that anyone may read.
    trust: Mapping[str, str | int] | None = None
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    def __repr__(self) -> str:
        return "<Event>"


class Entry(NamedTuple):
    """What is to be put on record of an event; `rule` and `outcome` as in `record`."""

    event: Event
    phase: Phase
    rule: Rule | None = None
    outcome: str = ""

    def __repr__(self) -> str:
        return "<Entry>"


def record(event: Event, *, phase: Phase, rule: Rule | None = None, outcome: str = "", at: datetime) -> int:
    """Write one record, commit it and return its index. Only after this has returned may anything of the answer leave.

    `rule` is the row of the permission table that it stands on; a refusal has none.
    """
    return sequencer.append([prepare(event, phase=phase, rule=rule, outcome=outcome, at=at)])[0]


def record_all(records: Sequence[Prepared]) -> list[int]:
    """As `record`, for many that `prepare` has made: one commit and one signature. All of them, or none."""
    return sequencer.append(records)


def prepare(event: Event, *, phase: Phase, rule: Rule | None = None, outcome: str = "", at: datetime) -> Prepared:
    """Everything about a record but its place in the log; nothing is written yet."""
    return prepare_all([Entry(event, phase, rule, outcome)], at=at)[0]


def prepare_all(entries: Sequence[Entry], *, at: datetime) -> list[Prepared]:
    """As `prepare`, for many: keys are set up once."""
    at = at.replace(microsecond=0)
    moment, today = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), legal_day(at)
    in_log = references([entry.event.id for entry in entries], LOG)
    sealer = Sealer("record-seal")
    return [
        _prepared(entry, reference, sealer, at, moment, today) for entry, reference in zip(entries, in_log, strict=True)
    ]


def _prepared(entry: Entry, in_log: str, sealer: Sealer, at: datetime, moment: str, today: date) -> Prepared:
    event, phase, rule, outcome = entry
    disclosed_from = event.disclosed_from if event.is_withheld else today
    side = secrets.token_bytes(SALT_BYTES) + canonical_json.encoded(
        {
            **event.private,
            "disclosed_from": disclosed_from.isoformat() if disclosed_from else None,
            "event": str(event.id),
            "subject": event.subject.hex() if event.subject else None,
        }
    )
    leaf_id = uuid.uuid4()
    body = canonical_json.encoded(
        {
            **facts(event),
            "at": moment,
            "event": in_log,
            "id": str(leaf_id),
            "outcome": outcome,
            "phase": str(phase),
            "row": rule.row if rule else "",
            "side_hash": hashlib.sha256(side).hexdigest(),
            "version": VERSION,
        }
    )
    return Prepared(
        leaf=leaf_id,
        body=body.decode(),
        event=event.id,
        kind=event.kind,
        phase=phase,
        subject=event.subject,
        private_sealed=sealer.seal(side, context=_context(leaf_id)),
        disclosed_from=disclosed_from,
        at=at,
    )


def subject_of(code: Code, *, known_to: Agency | None = None) -> bytes:
    """Whom a record concerns, from the portal's code or that of an agency: a keyed hash that outlives every epoch of
    codes. Its key lies outside the database. Raises MalformedCode."""
    return subject_at(conversion.record_subject_point(code, known_to=known_to))


def subjects_of(codes: Sequence[Code], *, known_to: Agency) -> list[bytes]:
    """As `subject_of`, for many persons whom one agency knows."""
    return [subject_at(point) for point in conversion.record_subject_points(codes, known_to=known_to)]


def subject_at(point: bytes) -> bytes:
    """As `subject_of`, from the person's point of records."""
    return keyed_hash("record-subject", point)


def private_of(row: AccessRecord) -> dict[str, Any]:
    """What the side row holds sealed: case number, purpose, clerk's pseudonym, and what binds it to its person."""
    content: dict[str, Any] = json.loads(side_of(row)[SALT_BYTES:])
    return content


def side_of(row: AccessRecord) -> bytes:
    """The side opened: salt and canonical JSON, whose SHA-256 stands in the leaf."""
    return open_sealed("record-seal", bytes(row.private_sealed), context=_context(row.leaf.id))


@dataclass(frozen=True, slots=True, repr=False)
class Recalled:
    """An event as the log has it: `event` again, the row it stood on, and how it ended, if it has."""

    event: Event
    row: str
    asked_at: datetime
    is_refused: bool
    outcome: str
    ended_at: datetime | None

    def __repr__(self) -> str:
        return "<Recalled>"


def recall(event: uuid.UUID) -> Recalled | None:
    """The event from its records; None where none was ever written."""
    rows = {row.phase: row for row in AccessRecord.objects.filter(event=event).select_related("leaf")}
    closing = rows.pop(Phase.ANSWERED, None)
    if not rows:
        return None
    [opening] = rows.values()
    opened = json.loads(opening.leaf.body)
    private = private_of(opening)
    disclosed_from = private.pop("disclosed_from")
    del private["event"], private["subject"]
    codes = [opened["inquirer"], opened["provider"], opened.get("on_behalf_of", "")]
    parties = Agency.objects.by_local_code(codes)
    is_refused = opening.phase == Phase.REFUSED
    return Recalled(
        event=Event(
            kind=opening.kind,
            inquirer=parties[opened["inquirer"]],
            provider=parties.get(opened["provider"]),
            affair=opened["affair"],
            data_set=opened["data_set"],
            items=tuple(opened["items"]),
            subject=bytes(opening.subject) if opening.subject else None,
            private=private,
            is_withheld=disclosed_from != legal_day(opening.at).isoformat(),
            disclosed_from=date.fromisoformat(disclosed_from) if disclosed_from else None,
            on_behalf_of=parties.get(opened.get("on_behalf_of", "")),
            id=event,
        ),
        row=opened["row"],
        asked_at=opening.at,
        is_refused=is_refused,
        outcome=json.loads(closing.leaf.body)["outcome"] if closing else opened["outcome"],
        ended_at=closing.at if closing else (opening.at if is_refused else None),
    )


def reference(event: uuid.UUID, party: str) -> str:
    """The id under which a party knows the event: a keyed permutation, so that two stolen copies do not join.

    The key is never renewed: a reference is a name, and names stay.
    """
    encryptor = _permutation(party).encryptor()
    return str(uuid.UUID(bytes=encryptor.update(event.bytes) + encryptor.finalize()))


def references(events: Sequence[uuid.UUID], party: str) -> list[str]:
    """As `reference`, for many events."""
    encryptor = _permutation(party).encryptor()
    found = encryptor.update(b"".join(event.bytes for event in events)) + encryptor.finalize()
    return [str(uuid.UUID(bytes=found[start : start + 16])) for start in range(0, len(found), 16)]


def event_of(reference: str | uuid.UUID, party: str) -> uuid.UUID:
    """The event that a party's reference names; one that was never given out names no event on record."""
    decryptor = _permutation(party).decryptor()
    return uuid.UUID(bytes=decryptor.update(uuid.UUID(str(reference)).bytes) + decryptor.finalize())


def _permutation(party: str) -> Cipher[modes.ECB]:
    return _permutation_under(keyed_hash("record-reference", party))


@lru_cache(maxsize=16)
def _permutation_under(key: bytes) -> Cipher[modes.ECB]:
    # One block of AES under a key per party is a permutation of 128-bit ids; each id is one block, and no block comes
    # twice.
    return Cipher(algorithms.AES256(key), modes.ECB())  # noqa: S305


def facts(event: Event) -> dict[str, Any]:
    """What all leaves of one event say. Codes that the tables do not know are left out: they could be anything."""
    return {
        "affair": event.affair if event.affair in statute.affairs() else "",
        "data_set": event.data_set if event.data_set in statute.data_sets() else "",
        "inquirer": event.inquirer.local_code,
        "items": [item for item in event.items if item in statute.items()],
        "kind": str(event.kind),
        "provider": event.provider.local_code if event.provider else "",
        **({"on_behalf_of": event.on_behalf_of.local_code} if event.on_behalf_of else {}),
        **({"trust": dict(event.trust)} if event.trust else {}),
    }


def _context(leaf_id: uuid.UUID) -> str:
    return f"exchange.AccessRecord.private_sealed:{leaf_id}"
