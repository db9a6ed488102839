"""The log's periodic work. Safe to repeat at any time."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from exchange import audit, reconciliation
from exchange.witnessing import NotWitnessed, Witness, ask

log = logging.getLogger(__name__)


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
