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

from databases import EXCHANGE
from exchange import notes, tlog, tree
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
            _ask("SELECT pg_advisory_xact_lock(%s)")
        waiting = _take_queue()
        _put_down(waiting)
    return len(waiting)


def _append_or_queue(records: Sequence[PendingRecord], batch: uuid.UUID) -> list[Leaf]:
    is_queued = False
    while True:
        with transaction.atomic(using=EXCHANGE, durable=True):
            has_lock = _ask("SELECT pg_try_advisory_xact_lock(%s)")
            if has_lock:
                waiting = _take_queue()
                if not waiting:
                    return _leaves_of(records) if is_queued else _sequence(records)
                _put_down(waiting if is_queued else [*waiting, *records])
            elif not is_queued:
                PendingRecord.objects.bulk_create(records)
                is_queued = True
        if not has_lock:
            # Shared, and given back at once: all who wait for the batch under way go on together.
            _ask("SELECT pg_advisory_xact_lock_shared(%s)")
        # In this order: what is no longer in the queue is in the log, or was refused.
        is_waiting = PendingRecord.objects.filter(batch=batch).exists()
        if leaves := _leaves_of(records):
            return leaves
        if not is_waiting:
            raise IntegrityError("The log has a record of this event and phase.")


def _take_queue() -> list[PendingRecord]:
    waiting = list(PendingRecord.objects.order_by("number"))
    if waiting:
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
        leaf = Leaf(index=grown.size, id=record.leaf, body=record.body, hash=hashed, written_at=record.at)
        grown.append(hashed)
        leaves.append(leaf)
        sides.append(
            AccessRecord(
                leaf=leaf,
                event=record.event,
                kind=record.kind,
                phase=record.phase,
                subject=record.subject,
                private_sealed=record.private_sealed,
                disclosed_from=record.disclosed_from,
                at=record.at,
            )
        )
    Leaf.objects.bulk_create(leaves)
    AccessRecord.objects.bulk_create(sides)
    _complete_tiles(before, grown.size)
    _sign(grown)
    return leaves


def _tree_so_far() -> tuple[CompactRange, int]:
    """The tree that the next leaf is added to, and the size up to which its tiles are written."""
    last = Checkpoint.objects.order_by("-size").first()
    if last is not None:
        return CompactRange.from_bytes(last.size, bytes(last.frontier)), last.size
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


def _sign(grown: CompactRange) -> None:
    origin, root = settings.LOG_ORIGIN, grown.root()
    statement = notes.Checkpoint(origin, grown.size, root)
    Checkpoint.objects.create(
        size=grown.size,
        root=root,
        note=notes.sign(statement, name=origin, key=custody.signing_key(PURPOSE)),
        frontier=grown.to_bytes(),
    )


def _leaves_of(records: Iterable[PendingRecord]) -> list[Leaf]:
    return list(Leaf.objects.filter(id__in=[record.leaf for record in records]).order_by("index"))


def _ask(statement: str) -> Any:
    with connections[EXCHANGE].cursor() as cursor:
        cursor.execute(statement, [_LOCK])
        return cursor.fetchone()[0]
