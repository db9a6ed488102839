"""Records into the log: an index without gaps, the tree, and one signed checkpoint for each batch.

There is no sequencing process. Who finds the log free puts down its own records and those of all threads of its process
that wait; who finds another at it waits for the batch under way, and is mostly part of the next one. So a lone writer
commits once, and the batch grows by itself with the number of writers. Between processes a lock of the database decides
whose batch is next: what a killed process had in hand is in the log whole, or not at all. Each writer returns only when
its records are committed under their indexes.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, connections, transaction

from databases import EXCHANGE, rows
from exchange import notes, tlog, tree
from exchange.models import AccessRecord, Checkpoint, Leaf, Tile
from exchange.tlog import CompactRange
from keys import custody

PURPOSE = "record-log"
_LOCK = 0x6D796E61_6C6F6701
_LAST = "SELECT size, frontier FROM exchange_checkpoint ORDER BY size DESC LIMIT 1"


@dataclass(slots=True, repr=False, kw_only=True)
class Prepared:
    """Everything about a record but its place in the log."""

    leaf: uuid.UUID
    body: str
    event: uuid.UUID
    kind: str
    phase: str
    subject: bytes | None
    private_sealed: bytes
    disclosed_from: date | None
    at: datetime


class _Writing:
    """What one writer wants to have in the log, and what came of it."""

    __slots__ = ("error", "indexes", "records")

    def __init__(self, records: Sequence[Prepared]) -> None:
        self.records = records
        self.indexes: list[int] | None = None
        self.error: BaseException | None = None


_waiting: list[_Writing] = []
_one_at_a_time = threading.Lock()


def append(records: Sequence[Prepared]) -> list[int]:
    """Commit the records to the log, in their order, together or not at all, and return their indexes there. Raises
    IntegrityError."""
    own = _Writing(records)
    _waiting.append(own)
    with _one_at_a_time:
        if own.indexes is None and own.error is None:
            _put_down([_waiting.pop(0) for _ in range(len(_waiting))])
    if own.error is not None:
        raise own.error
    return own.indexes or []


def _put_down(writings: Sequence[_Writing]) -> None:
    """All in one commit; where the log does not take it, each alone, so that who brought the fault fails alone."""
    try:
        indexes = iter(_commit([record for writing in writings for record in writing.records]))
        for writing in writings:
            writing.indexes = [next(indexes) for _ in writing.records]
    except IntegrityError as error:
        if len(writings) == 1:
            writings[0].error = error
        else:
            for writing in writings:
                _put_down([writing])
    except BaseException as error:
        for writing in writings:
            writing.error = error


def _commit(records: Sequence[Prepared]) -> range:
    """Give each record its index; hash upward; sign."""
    if not records:
        return range(0)
    with transaction.atomic(using=EXCHANGE, durable=True):
        return _sequence(records, *_tree_so_far())


def _sequence(records: Sequence[Prepared], grown: CompactRange, before: int) -> range:
    """Add the records to the tree, whose tiles are written up to the size `before`. The caller holds the lock."""
    first = grown.size
    leaves, sides = [], []
    for record in records:
        hashed = tlog.leaf_hash(record.body.encode())
        leaves.append((grown.size, record.leaf, record.body, hashed, record.at))
        sides.append(
            (
                grown.size,
                record.event,
                record.kind,
                record.phase,
                record.subject,
                record.private_sealed,
                record.disclosed_from,
                record.at,
            )
        )
        grown.append(hashed)
    rows.insert(EXCHANGE, (Leaf, leaves), (AccessRecord, sides), (Checkpoint, [_signed(grown)]))
    _complete_tiles(before, grown.size)
    return range(first, grown.size)


def _tree_so_far() -> tuple[CompactRange, int]:
    """The tree that the next leaf is added to, and the size up to which its tiles are written. From here to the commit
    the log is the caller's: PostgreSQL takes the lock and reads in one trip, on SQLite the transaction is the lock."""
    with connections[EXCHANGE].cursor() as cursor:
        if connections[EXCHANGE].vendor == "postgresql":
            # Two statements: what the second sees was committed before the first returned.
            cursor.execute(f"SELECT pg_advisory_xact_lock(%s); {_LAST}", [_LOCK])
        else:
            cursor.execute(_LAST)
        last = cursor.fetchone()
    if last is not None:
        return CompactRange.from_bytes(last[0], bytes(last[1])), last[0]
    grown = CompactRange()  # leaves written before there was a tree are its first ones
    for hashed in Leaf.objects.order_by("index").values_list("hash", flat=True).iterator():
        grown.append(bytes(hashed))
    return grown, 0


def _complete_tiles(before: int, after: int) -> None:
    level = 0
    while completed := tlog.tiles_completed(level, before, after):
        for number in completed:
            hashes = tree.hashes_of_tile(level, number, tlog.TILE_WIDTH)
            Tile.objects.create(level=level, number=number, hashes=hashes, root=tlog.tile_root(hashes))
        level += 1


def _signed(grown: CompactRange) -> tuple[int, bytes, str, bytes]:
    """The row of the checkpoint that signs the tree as it is."""
    origin, root = settings.LOG_ORIGIN, grown.root()
    note = notes.sign(notes.Checkpoint(origin, grown.size, root), name=origin, key=custody.signing_key(PURPOSE))
    return grown.size, root, note, grown.to_bytes()
