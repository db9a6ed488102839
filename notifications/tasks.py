"""Background work of the mailbox. A task gets an id and nothing else."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from notifications import hints


@shared_task
def send_hint(message_id: str) -> None:
    """Tell the holder of a mailbox that a letter has arrived."""
    hints.send(message_id=UUID(message_id), at=timezone.now())


@shared_task
def queue_waiting_hints() -> None:
    """Take up hints that a broker or a mail server lost. Periodic, every five minutes."""
    hints.queue_waiting(at=timezone.now())
