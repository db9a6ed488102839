"""The one place that writes an entry: the next version of a person's record, or the first.

Every act of the register goes through here, inside its own transaction on the registry.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any

from residents import errors
from residents.days import day_of
from residents.models import Entry, Event, Household, LocalPerson, Resident, Status

_WHEN_NOT = {
    Event.MOVED_IN: errors.NotMovedOut,
    Event.RETURNED: errors.NotAbroad,
}


def lock(resident: Resident) -> Resident:
    """Hold the person's record until the transaction ends, so that two acts at once follow each other."""
    return Resident.objects.select_for_update().get(pk=resident.pk)


def effective_day(on: date | None, *, at: datetime) -> date:
    """The day from which an act counts: the given one, or today. Raises InTheFuture."""
    day = on or day_of(at)
    if day > day_of(at):
        raise errors.InTheFuture
    return day


def add_version(
    *,
    resident: Resident,
    event: Event,
    changes: dict[str, Any],
    while_status: tuple[Status, ...],
    new_household: bool = False,
    on: date,
    by: str,
    at: datetime,
) -> Entry:
    """Note the next version: all that the current one says, with `changes`.

    The same act with the same content for the same day finds its first entry and adds none. Raises a RegisterError when
    the act does not follow from the person's status, when the day lies before the last change, or when nothing changes.
    """
    last = lock(resident).entries.current().get()
    holds = all(getattr(last, name) == value for name, value in changes.items())
    noted = resident.entries.filter(event=event, effective_on=on, **changes).order_by("-version").first()
    # Repeated at once, or again after later acts. There and back again on one day is no repetition.
    if noted is not None and (holds or on < last.effective_on):
        return noted
    _refuse_impossible(last, event, while_status, on)
    if holds and not new_household:
        raise errors.NothingToChange
    if new_household:
        changes = {**changes, "household_id": Household.objects.create().pk}
    last.is_current = False
    last.save(update_fields=["is_current"])
    return _write(resident, event, last.content() | changes, version=last.version + 1, on=on, by=by, at=at)


def add_first(*, resident: Resident, event: Event, content: dict[str, Any], on: date, by: str, at: datetime) -> Entry:
    """Note the first version of a new person's record."""
    return _write(resident, event, content, version=1, on=on, by=by, at=at)


def _write(
    resident: Resident, event: Event, content: dict[str, Any], *, version: int, on: date, by: str, at: datetime
) -> Entry:
    entry = Entry.objects.create(
        resident=resident,
        version=version,
        event=event,
        effective_on=on,
        recorded_at=at,
        recorded_by=by,
        **content,
    )
    if entry.status == Status.RESIDENT:
        _ensure_local_id(resident, entry.local_government_code)
    return entry


def _ensure_local_id(resident: Resident, local_government_code: str) -> None:
    # Fifteen random digits: two persons of one town meeting in one is not worth a retry (10^-15 each), the constraint
    # would refuse the act.
    LocalPerson.objects.get_or_create(
        resident=resident,
        local_government_code=local_government_code,
        defaults={"local_id": f"{secrets.randbelow(10**15):015d}"},
    )


def _refuse_impossible(last: Entry, event: Event, while_status: tuple[Status, ...], on: date) -> None:
    if last.status not in while_status:
        if last.status == Status.DECEASED:
            raise errors.AlreadyDeceased
        raise _WHEN_NOT.get(event, errors.NotAResident)
    # A correction has no day of its own in the person's life, so that a move before it may still be reported.
    lived = last.resident.entries.exclude(event=Event.CORRECTED).order_by("-version").first()
    if lived is not None and on < lived.effective_on:
        raise errors.BeforeLastEntry
