"""Records into the log: an index without gaps, the tree, and one signed checkpoint for each batch.

There is no sequencing process. On SQLite a batch is what one writer brings. On PostgreSQL who finds the lock free puts
down its own records and all that wait; who finds it taken leaves its records in the queue, waits for the batch that is
under way, and looks whether another writer has put them down. So a lone writer commits once, and the batch grows by
itself with the number of writers. Each returns only when its records are committed under their indexes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connections, transaction
from django.db.models import Model

from databases import EXCHANGE
from exchange import notes, rows, tlog, tree
from exchange.models import AccessRecord, Checkpoint, Leaf, PendingRecord, Tile
from exchange.tlog import CompactRange
from keys import custody

PURPOSE = "record-log"
_LOCK = 0x6D796E61_6C6F6701


def append(records: Sequence[PendingRecord]) -> list[Leaf]:
    """Commit the records to the log, in their order, together or not at all. Raises IntegrityError."""
    batch = uuid.uuid4()
    for record in records:
        record.batch = batch
    if connections[EXCHANGE].vendor == "postgresql":
        return _append_or_queue(records, batch)
    with transaction.atomic(using=EXCHANGE, durable=True):
        return _sequence(records)


def drain() -> int:
    """Put down what writers that died have left in the queue. Returns how many records were waiting."""
    with transaction.atomic(using=EXCHANGE, durable=True):
        if connections[EXCHANGE].vendor == "postgresql":
            _ask("SELECT pg_advisory_xact_lock(%s)", _LOCK)
        waiting = _take_queue()
        _put_down(waiting)
    return len(waiting)


def _append_or_queue(records: Sequence[PendingRecord], batch: uuid.UUID) -> list[Leaf]:
    is_queued = False
    while True:
        with transaction.atomic(using=EXCHANGE, durable=True):
            has_lock = _ask("SELECT pg_try_advisory_xact_lock(%s)", _LOCK)
            if has_lock:
                waiting = _take_queue()
                if not waiting:
                    return _leaves_of(records) if is_queued else _sequence(records)
                _put_down(waiting if is_queued else [*waiting, *records])
            elif not is_queued:
                rows.insert(EXCHANGE, (PendingRecord, [_as_row(PendingRecord, record) for record in records]))
                is_queued = True
        if not has_lock:
            # Shared, and given back at once: all who wait for the batch under way go on together.
            _ask("SELECT pg_advisory_xact_lock_shared(%s)", _LOCK)
        # In this order: what is no longer in the queue is in the log, or was refused.
        is_waiting = _ask("SELECT EXISTS (SELECT 1 FROM exchange_pendingrecord WHERE batch = %s)", batch)
        if leaves := _leaves_of(records):
            return leaves
        if not is_waiting:
            raise IntegrityError("The log has a record of this event and phase.")


def _take_queue() -> list[PendingRecord]:
    if not _ask("SELECT EXISTS (SELECT 1 FROM exchange_pendingrecord)"):
        return []
    waiting = list(PendingRecord.objects.order_by("number"))
    PendingRecord.objects.filter(number__in=[record.number for record in waiting]).delete()
    return waiting


def _put_down(records: Sequence[PendingRecord]) -> None:
    """Many writers' records as one batch; a writer whose records the log does not take fails alone."""
    try:
        with transaction.atomic(using=EXCHANGE):
            _sequence(records)
    except IntegrityError:
        batches: dict[uuid.UUID, list[PendingRecord]] = {}
        for record in records:
            batches.setdefault(record.batch, []).append(record)
        for batch in batches.values():
            try:
                with transaction.atomic(using=EXCHANGE):
                    _sequence(batch)
            except IntegrityError:
                continue  # its writer finds it neither in the queue nor in the log


def _sequence(records: Sequence[PendingRecord]) -> list[Leaf]:
    """Give each record its index; hash upward; sign. The caller holds the lock."""
    if not records:
        return []
    grown, before = _tree_so_far()
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
    return [
        Leaf(index=index, id=name, body=body, hash=hashed, written_at=at) for index, name, body, hashed, at in leaves
    ]


def _tree_so_far() -> tuple[CompactRange, int]:
    """The tree that the next leaf is added to, and the size up to which its tiles are written."""
    with connections[EXCHANGE].cursor() as cursor:
        cursor.execute("SELECT size, frontier FROM exchange_checkpoint ORDER BY size DESC LIMIT 1")
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


def _leaves_of(records: Iterable[PendingRecord]) -> list[Leaf]:
    return list(Leaf.objects.filter(id__in=[record.leaf for record in records]).order_by("index"))


def _as_row(model: type[Model], row: Model) -> tuple[Any, ...]:
    return tuple(getattr(row, field.attname) for field in rows.fields(model))


def _ask(statement: str, *values: Any) -> Any:
    with connections[EXCHANGE].cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]
