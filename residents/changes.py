"""Changes that are no move: of name, household, residence status; death; correction of an error.

Each act owns its transaction, may be repeated, and returns the entry.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction

from databases import REGISTRY
from residents import errors
from residents.details import Address, PersonDetails, checked_names, checked_relation, checked_stay
from residents.history import add_version, effective_day, lock
from residents.models import Entry, Event, Household, Resident, Status


def change_name(
    *,
    resident: Resident,
    family_name: str,
    given_name: str,
    family_kana: str = "",
    given_kana: str = "",
    latin_name: str = "",
    former_name: str = "",
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """Another name, by marriage, divorce or permission of the family court. All parts are given anew."""
    changes = checked_names(
        family_name=family_name,
        given_name=given_name,
        family_kana=family_kana,
        given_kana=given_kana,
        latin_name=latin_name,
        former_name=former_name,
    )
    return _change(resident, Event.NAME_CHANGED, changes, (Status.RESIDENT, Status.MOVED_OUT), on, by, at)


def change_household(
    *,
    resident: Resident,
    household: Household,
    relation: str,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """Another household or another relation to its head at the same address (art. 25)."""
    changes = {"household_id": household.pk, "relation": checked_relation(relation)}
    return _change(resident, Event.HOUSEHOLD_CHANGED, changes, (Status.RESIDENT,), on, by, at)


def change_stay(
    *,
    resident: Resident,
    nationality_class: str,
    stay_until: date | None,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """Another residence status or a longer period of stay, as the immigration agency reports it (art. 30-50)."""
    changes = checked_stay(nationality_class, stay_until, on=effective_day(on, at=at))
    return _change(resident, Event.STAY_CHANGED, changes, (Status.RESIDENT, Status.MOVED_OUT), on, by, at)


def record_death(*, resident: Resident, on: date | None = None, by: str, at: datetime) -> Entry:
    """The person died on that day, here or abroad. The record stays; only corrections follow."""
    alive = (Status.RESIDENT, Status.MOVED_OUT, Status.ABROAD)
    return _change(resident, Event.DIED, {"status": Status.DECEASED}, alive, on, by, at)


def correct(
    *,
    resident: Resident,
    details: PersonDetails | None = None,
    address: Address | None = None,
    relation: str | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """The record was wrong (art. 8). What it said before stays to be read as of the days before today.

    The municipality cannot be corrected: that is a move.
    """
    today = effective_day(None, at=at)
    changes: dict[str, Any] = {}
    if details is not None:
        changes |= details.checked(on=today)
    if address is not None:
        changes |= address.checked()
    if relation is not None:
        changes["relation"] = checked_relation(relation)
    with transaction.atomic(using=REGISTRY, durable=True):
        last = lock(resident).current
        if address is not None and last.local_government_code != address.local_government_code:
            raise errors.OtherMunicipality
        return add_version(
            resident=resident,
            event=Event.CORRECTED,
            changes=changes,
            while_status=tuple(Status),
            on=today,
            by=by,
            at=at,
        )


def _change(
    resident: Resident,
    event: Event,
    changes: dict[str, Any],
    while_status: tuple[Status, ...],
    on: date | None,
    by: str,
    at: datetime,
) -> Entry:
    day = effective_day(on, at=at)
    with transaction.atomic(using=REGISTRY, durable=True):
        return add_version(
            resident=resident, event=event, changes=changes, while_status=while_status, on=day, by=by, at=at
        )
