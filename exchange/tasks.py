"""The exchange's background work: of the log, and of bulk inquiries. Safe to repeat at any time."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from exchange import (
    audit,
    bulk,
    bulk_work,
    callbacks,
    checks,
    questions,
    recalls,
    reconciliation,
    retention,
    standing,
    statistics,
)
from exchange.bulk_work import work_on_bulk as work_on_bulk
from exchange.witnessing import NotWitnessed, Witness, ask

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def drain_recalls() -> None:
    """Tell receivers of corrections and withdrawals that a crash left in the providers' outbox. Every minute."""
    recalls.drain()


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
def end_inquiries() -> None:
    """End inquiries that nobody answered in time, finish ends that were cut off, erase old answers. Every minute."""
    standing.end_overdue(at=timezone.now())
    standing.forget_answers(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def tell_inquirers() -> None:
    """Tell agencies that have an address for it which of their inquiries have ended. Every minute."""
    callbacks.tell(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def check_records() -> None:
    """Hash the whole log again; compare the copies of two days' events and mend them; check the permission table."""
    now = timezone.now()
    for fault in [*audit.faults(), *audit.sides_amiss(at=now), *checks.faults_in_force()]:
        log.error("%s", fault)
    until = now - reconciliation.TIME_TO_END
    for difference in reconciliation.repair(since=until - timedelta(days=2), until=until, at=now):
        log.error("Event %s: %s", difference.reference, difference)


@shared_task  # type: ignore[untyped-decorator]
def delete_expired_records() -> None:
    """Count what has ended, delete what is older than seven years, and the words of old questions. Every night."""
    now = timezone.now()
    statistics.count_finished_months(at=now)
    questions.close_answered(at=now)
    questions.erase_texts(at=now)
    retention.delete_expired(at=now)


@shared_task  # type: ignore[untyped-decorator]
def queue_waiting_bulks() -> None:
    """Take up bulk inquiries that a broker lost or whose workers died. Every minute."""
    bulk_work.queue_waiting(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def erase_old_answers() -> None:
    """Erase answers of bulk inquiries that were not fetched in time. Every hour."""
    bulk.erase_old(at=timezone.now())
