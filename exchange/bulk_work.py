"""Who works on a bulk inquiry, and when: its batches are queued, claimed, worked on (exchange.bulk_batch) and settled.

A batch is claimed before it is worked on, for as long as `CLAIM` says. Whoever takes up one that was cut off goes on
from what is on record: no event is opened, answered or closed twice, for each of these writes can only succeed once
(decision 14).
"""

from __future__ import annotations

import logging
import secrets
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from exchange import bulk_batch, bulk_lines
from exchange.bulk_batch import Clock
from exchange.bulk_lines import LineResult
from exchange.bulk_models import CLAIM, Bulk, BulkBatch

log = logging.getLogger(__name__)


@shared_task(name="exchange.tasks.work_on_bulk")  # type: ignore[untyped-decorator]
def work_on_bulk(bulk_id: str) -> None:
    """Work on one bulk for a while, then let others have their turn."""
    until = timezone.now() + timedelta(seconds=settings.BULK_SLICE_SECONDS)
    if work(bulk=uuid.UUID(bulk_id), until=until) and not settings.CELERY_TASK_ALWAYS_EAGER:
        work_on_bulk.delay(bulk_id)


def queue(bulk: uuid.UUID) -> None:
    """Have workers go on with the bulk, or do so here for a while where there is no broker. Never fails: what cannot be
    queued, or stops, is found by `queue_waiting` later."""
    workers = 1 if settings.CELERY_TASK_ALWAYS_EAGER else settings.BULK_WORKERS
    try:
        for _ in range(workers):
            work_on_bulk.delay(str(bulk))
    except Exception as error:  # whatever its class: the lines are taken, and wait
        log.warning("A bulk inquiry waits (%s).", type(error).__name__)


def queue_waiting(*, at: datetime) -> int:
    """Queue every bulk that has not ended and that nobody is at work on, the oldest first. Returns how many."""
    in_hand = BulkBatch.objects.waiting().filter(bulk=OuterRef("pk"), claimed_until__gt=at)
    idle = Bulk.objects.unsettled().filter(~Exists(in_hand)).order_by("accepted_at")
    found = list(idle.values_list("pk", flat=True))
    for bulk in found:
        queue(bulk)
    return len(found)


def work(
    *, bulk: uuid.UUID, clock: Clock = timezone.now, until: datetime | None = None, only_new: bool = False
) -> bool:
    """Go through the batches that are in nobody's hands, in any order. Returns whether the time was up before the end.

    Several may work on one bulk at once. `only_new` leaves out batches that someone has begun before.
    """
    found = BulkBatch.objects.filter(bulk=bulk).free(clock())
    if only_new:
        found = found.filter(attempts=0)
    free = list(found.values_list("pk", flat=True))
    secrets.SystemRandom().shuffle(free)
    for batch_id in free:
        if until is not None and clock() >= until:
            return True
        batch = _claimed(batch_id, at=clock())
        if batch is not None:
            _work_on(batch, clock)
    _end(bulk, at=clock())
    return False


def _claimed(batch_id: uuid.UUID, *, at: datetime) -> BulkBatch | None:
    """The batch, if it is ours now."""
    batch = BulkBatch.objects.select_related("bulk__inquirer", "provider").get(pk=batch_id)
    free = BulkBatch.objects.free(at).filter(pk=batch_id, attempts=batch.attempts)
    if not free.update(attempts=F("attempts") + 1, claimed_until=at + CLAIM):
        return None
    batch.attempts += 1
    return batch


def _work_on(batch: BulkBatch, clock: Clock) -> None:
    try:
        results = bulk_batch.results(batch, clock)
    except IntegrityError:
        # Someone who was thought dead has written one of these records first. Whose turn is next finds it.
        log.warning("A batch of a bulk inquiry was overtaken.")
        return
    _settle(batch, results)


def _settle(batch: BulkBatch, results: Sequence[LineResult]) -> None:
    """The answers take the questions' place, unless another has been given the batch meanwhile."""
    BulkBatch.objects.still(batch).update(
        state=BulkBatch.State.SETTLED,
        sealed=bulk_lines.seal_results(batch, results),
        outcomes=dict(Counter(result.outcome for result in results)),
        claimed_until=None,
    )


def _end(bulk: uuid.UUID, *, at: datetime) -> None:
    """Close the bulk if every line has its outcome."""
    if BulkBatch.objects.filter(bulk=bulk).waiting().exists():
        return
    unsettled = Bulk.objects.unsettled().filter(pk=bulk)
    unsettled.filter(state=Bulk.State.OPEN).update(state=Bulk.State.DONE, ended_at=at, evidence_sealed=b"")
    unsettled.filter(state=Bulk.State.CANCELLED).update(ended_at=at, evidence_sealed=b"")
