"""Background work that belongs to no single room. Safe to repeat at any time."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from crossings import codes


@shared_task
def drain_code_issues() -> None:
    """Take up code issues that a crash left in the register's outbox. Periodic, every minute."""
    codes.drain_code_issues(at=timezone.now())


@shared_task
def clear_sessions() -> None:
    """Delete sessions that have ended. Periodic, every night."""
    call_command("clearsessions")
