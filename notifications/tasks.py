"""Background work of the mailbox. A task gets an id and nothing else."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from notifications import hints
from notifications.hints import send_hint

__all__ = ["queue_waiting_hints", "send_hint"]


@shared_task
def queue_waiting_hints() -> None:
    """Take up hints that a broker or a mail server lost. Periodic, every five minutes."""
    hints.queue_waiting(at=timezone.now())
