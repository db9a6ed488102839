"""Periodic work that spans rooms, or belongs to none. Safe to repeat at any time; the beat's hours are in celery.py."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from agencies import once
from cards import authentication, lifecycle
from crossings import ask, codes, move, particulars, protect


@shared_task
def drain_code_issues() -> None:
    """Take up code issues that a crash left in the register's outbox. Needs the vault. Every minute."""
    codes.drain_code_issues(at=timezone.now())


@shared_task
def finish_moves() -> None:
    """End moves that a crash left half done, and what they mean for cards. Needs the vault. Every five minutes."""
    move.finish_moves(at=timezone.now())
    particulars.finish(at=timezone.now())


@shared_task
def restore_protection() -> None:
    """Write flags of support measures that an agency's copies lack. Needs the vault. Every five minutes."""
    protect.restore_copies(at=timezone.now())


@shared_task
def forget_what_has_ended() -> None:
    """Delete sessions, challenges and marks that nobody could use any more; end cards past their day. Every hour."""
    call_command("clearsessions")
    authentication.forget_challenges(at=timezone.now())
    lifecycle.expire(at=timezone.now())
    once.forget_expired(at=timezone.now())


@shared_task
def tell_of_answers() -> None:
    """Write the letters about answered questions that a crash left unwritten. Every five minutes."""
    ask.tell_waiting(at=timezone.now())
