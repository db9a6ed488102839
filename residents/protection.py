"""Support measures for victims of domestic violence: set by one clerk, a year at a time, lifted early by two.

The copies by code in other databases are the business of `crossings.protect`; these rows are the source.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from databases import REGISTRY
from residents import errors
from residents.days import day_of
from residents.history import lock
from residents.models import Protection, ProtectionQuerySet, Resident


def protect(*, resident: Resident, until_on: date | None = None, by: str, at: datetime) -> Protection:
    """Begin the measures today, for a year or until the earlier day given. Raises AlreadyProtected, LongerThanAYear."""
    today = day_of(at)
    until_on = _checked_end(until_on, today)
    with transaction.atomic(using=REGISTRY, durable=True):
        lock(resident)
        in_force = Protection.objects.of(resident).in_force(at)
        same = in_force.filter(from_on=today, until_on=until_on, requested_by=by).first()
        if same is not None:
            return same
        if in_force.exists():
            raise errors.AlreadyProtected
        return _begin(resident, until_on, by, at)


def renew(*, resident: Resident, until_on: date | None = None, by: str, at: datetime) -> Protection:
    """Go on for another year from today. Raises NotProtected, LongerThanAYear."""
    today = day_of(at)
    until_on = _checked_end(until_on, today)
    with transaction.atomic(using=REGISTRY, durable=True):
        lock(resident)
        in_force = Protection.objects.of(resident).in_force(at)
        if not in_force.exists():
            raise errors.NotProtected
        same = in_force.filter(from_on=today, until_on=until_on, requested_by=by).first()
        return same or _begin(resident, until_on, by, at)


def request_lifting(*, resident: Resident, by: str, at: datetime) -> Protection:
    """The first clerk asks to end the measures early; they hold until another one confirms. Raises NotProtected."""
    with transaction.atomic(using=REGISTRY, durable=True):
        lock(resident)
        in_force = _in_force(resident, at)
        in_force.filter(lifting_requested_by="").update(lifting_requested_by=by, lifting_requested_at=at)
        return in_force.latest("until_on")


def confirm_lifting(*, resident: Resident, by: str, at: datetime) -> Protection:
    """The second clerk ends the measures. Raises NotProtected, LiftingNotRequested, SameClerk."""
    with transaction.atomic(using=REGISTRY, durable=True):
        lock(resident)
        in_force = _in_force(resident, at)
        if in_force.filter(lifting_requested_by="").exists():
            raise errors.LiftingNotRequested
        if in_force.filter(lifting_requested_by=by).exists():
            raise errors.SameClerk
        last = in_force.latest("until_on")
        in_force.update(lifted_by=by, lifted_at=at)
        last.refresh_from_db()
        return last


def _in_force(resident: Resident, at: datetime) -> ProtectionQuerySet:
    in_force = Protection.objects.of(resident).in_force(at)
    if not in_force.exists():
        raise errors.NotProtected
    return in_force


def _begin(resident: Resident, until_on: date, by: str, at: datetime) -> Protection:
    return Protection.objects.create(
        resident=resident, from_on=day_of(at), until_on=until_on, requested_by=by, requested_at=at
    )


def _checked_end(until_on: date | None, today: date) -> date:
    last = date(today.year + 1, today.month, min(today.day, 28) if today.month == 2 else today.day) - timedelta(days=1)
    until_on = until_on or last
    if not today <= until_on <= last:
        raise errors.LongerThanAYear
    return until_on
