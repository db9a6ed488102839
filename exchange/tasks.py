"""The exchange's background work: of the log, and of bulk inquiries. Safe to repeat at any time."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from exchange import audit, bulk, bulk_work, reconciliation, sequencer
from exchange.bulk_work import work_on_bulk
from exchange.witnessing import NotWitnessed, Witness, ask

__all__ = [
    "ask_witnesses",
    "check_records",
    "drain_queue",
    "erase_old_answers",
    "queue_waiting_bulks",
    "work_on_bulk",
]

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def drain_queue() -> None:
    """Put records into the log whose writers died while they waited. Every minute."""
    sequencer.drain()


@shared_task  # type: ignore[untyped-decorator]
def ask_witnesses() -> None:
    """Have the newest checkpoint signed by each witness. Every five minutes; the rows are checked once a night."""
    for text in settings.WITNESSES:
        witness = Witness.parse(text)
        try:
            ask(witness)
        except NotWitnessed as reason:
            log.error("%s did not sign the log: %s", witness.verifier.name, reason)


@shared_task  # type: ignore[untyped-decorator]
def check_records() -> None:
    """Hash the whole log again, and compare the copies of the events of two days. Every night."""
    now = timezone.now()
    for fault in [*audit.faults(), *audit.sides_amiss(at=now)]:
        log.error("%s", fault)
    until = now - timedelta(minutes=5)
    for difference in reconciliation.differences(since=until - timedelta(days=2), until=until):
        log.error("Event %s: %s", difference.reference, difference.what)


@shared_task  # type: ignore[untyped-decorator]
def queue_waiting_bulks() -> None:
    """Take up bulk inquiries that a broker lost or whose workers died. Every minute."""
    bulk_work.queue_waiting(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def erase_old_answers() -> None:
    """Erase answers of bulk inquiries that were not fetched in time. Every hour."""
    bulk.erase_old(at=timezone.now())
