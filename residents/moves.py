"""Moves (Basic Resident Registration Act art. 22 to 24): out, in, within a municipality, abroad and back.

Each act owns its transaction, may be repeated, and returns the entry. `on` is the day of the move, today if not given.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction

from databases import REGISTRY
from residents import errors
from residents.details import Address, PersonDetails, checked_relation
from residents.history import add_version, effective_day, lock
from residents.models import Entry, Event, Household, Relation, Resident, Status


def move_out(*, resident: Resident, on: date | None = None, by: str, at: datetime) -> Entry:
    """The person leaves the municipality for another one in Japan (art. 24)."""
    day = effective_day(on, at=at)
    with transaction.atomic(using=REGISTRY, durable=True):
        return add_version(
            resident=resident,
            event=Event.MOVED_OUT,
            changes={"status": Status.MOVED_OUT},
            while_status=(Status.RESIDENT,),
            on=day,
            by=by,
            at=at,
        )


def move_in(
    *,
    resident: Resident,
    address: Address,
    household: Household | None = None,
    relation: str = Relation.HEAD,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """A person who moved out elsewhere arrives (art. 22). Without a household he founds a new one."""
    return _settle(Event.MOVED_IN, Status.MOVED_OUT, resident, {}, address, household, relation, on, by, at)


def move_within(
    *,
    resident: Resident,
    address: Address,
    household: Household | None = None,
    relation: str | None = None,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """Another address in the same municipality (art. 23). Household and relation stay where none are given."""
    day = effective_day(on, at=at)
    changes = address.checked()
    if relation is not None:
        changes["relation"] = checked_relation(relation)
    if household is not None:
        changes["household_id"] = household.pk
    with transaction.atomic(using=REGISTRY, durable=True):
        last = lock(resident).current
        if last.status == Status.RESIDENT and last.local_government_code != address.local_government_code:
            raise errors.OtherMunicipality
        return add_version(
            resident=resident,
            event=Event.MOVED_WITHIN,
            changes=changes,
            while_status=(Status.RESIDENT,),
            on=day,
            by=by,
            at=at,
        )


def leave_japan(*, resident: Resident, on: date | None = None, by: str, at: datetime) -> Entry:
    """The person goes to live abroad. Record code and number stay and wait for a return."""
    day = effective_day(on, at=at)
    with transaction.atomic(using=REGISTRY, durable=True):
        return add_version(
            resident=resident,
            event=Event.LEFT_JAPAN,
            changes={"status": Status.ABROAD},
            while_status=(Status.RESIDENT, Status.MOVED_OUT),
            on=day,
            by=by,
            at=at,
        )


def return_to_japan(
    *,
    resident: Resident,
    address: Address,
    details: PersonDetails | None = None,
    household: Household | None = None,
    relation: str = Relation.HEAD,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """The same person comes back, possibly under a new name or residence status: same record code, same number."""
    told = details.checked(on=effective_day(on, at=at)) if details else {}
    return _settle(Event.RETURNED, Status.ABROAD, resident, told, address, household, relation, on, by, at)


def _settle(
    event: Event,
    coming_from: Status,
    resident: Resident,
    changes: dict[str, Any],
    address: Address,
    household: Household | None,
    relation: str,
    on: date | None,
    by: str,
    at: datetime,
) -> Entry:
    day = effective_day(on, at=at)
    changes = {
        **changes,
        **address.checked(),
        "relation": checked_relation(relation),
        "status": Status.RESIDENT,
        **({"household_id": household.pk} if household else {}),
    }
    with transaction.atomic(using=REGISTRY, durable=True):
        return add_version(
            resident=resident,
            event=event,
            changes=changes,
            while_status=(coming_from,),
            new_household=household is None,
            on=day,
            by=by,
            at=at,
        )
