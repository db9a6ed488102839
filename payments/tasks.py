"""Background work on bills."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from payments import charging


@shared_task
def close_time_barred_bills() -> None:
    """Close bills that lapsed. Periodic, every night."""
    now = timezone.now()
    charging.close_time_barred(on=timezone.localdate(now), at=now)
