"""Periodic work of this room, for the worker that has the authorities' keys. Safe to repeat at any time."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cards import publication


@shared_task
def publish_status() -> None:
    """Revocation lists and responders' certificates, as far as something changed. Every five minutes."""
    publication.publish(at=timezone.now())
