"""Periodic work of this room, for the worker that has the authorities' keys. Safe to repeat at any time."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from cards import audit, publication

_log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def publish_status() -> None:
    """Revocation lists and responders' certificates, as far as something changed. Every five minutes."""
    publication.publish(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def check_certificates() -> None:
    """Look again at everything that was issued. Every night; a finding is an alarm, its details are for cert_check."""
    found = audit.check(at=timezone.now())
    if found:
        rules = ", ".join(sorted({finding.rule for finding in found}))
        _log.error("%d findings among the certificates (%s): run manage.py cert_check.", len(found), rules)
