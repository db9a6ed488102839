"""First entries on the register: by birth, on moving in from elsewhere in Japan, on coming from abroad.

Each act owns its transaction, may be repeated (the same notification makes one person), and returns the entry.
"""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime

from django.db import IntegrityError, transaction

from databases import REGISTRY
from residents import errors
from residents.details import Address, PersonDetails, checked_relation
from residents.history import add_first, effective_day
from residents.models import Entry, Event, Household, Relation, Resident, Status
from residents.moves import return_to_japan
from residents.record_codes import checked_record_code, new_record_code

_NOTIFICATIONS = uuid.UUID("7b1d4f1e-52f7-4c5c-9a44-6a4a25d8a3b0")


def register_birth(
    *,
    details: PersonDetails,
    address: Address,
    household: Household,
    relation: str = Relation.CHILD,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """A child born in Japan, into its parents' household. Counts from the day of birth where that is known."""
    if on is None and len(details.birth_date) == len("2024-02-10"):
        try:
            on = date.fromisoformat(details.birth_date)
        except ValueError:
            raise errors.MalformedBirthDate from None
    return _register(Event.BIRTH, details, address, household, relation, None, on, by, at)


def register_moving_in(
    *,
    details: PersonDetails,
    address: Address,
    household: Household | None = None,
    relation: str = Relation.HEAD,
    resident_record_code: str | None = None,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """A person who lived in a municipality that this register does not hold, and brings the record code from there."""
    return _register(Event.REGISTERED, details, address, household, relation, resident_record_code, on, by, at)


def register_from_abroad(
    *,
    details: PersonDetails,
    address: Address,
    resident: Resident | None = None,
    household: Household | None = None,
    relation: str = Relation.HEAD,
    on: date | None = None,
    by: str,
    at: datetime,
) -> Entry:
    """A person who comes from abroad: new, or (`resident` given) the one who once left, with the same number."""
    if resident is not None:
        return return_to_japan(
            resident=resident,
            details=details,
            address=address,
            household=household,
            relation=relation,
            on=on,
            by=by,
            at=at,
        )
    return _register(Event.FROM_ABROAD, details, address, household, relation, None, on, by, at)


def _register(
    event: Event,
    details: PersonDetails,
    address: Address,
    household: Household | None,
    relation: str,
    record_code: str | None,
    on: date | None,
    by: str,
    at: datetime,
) -> Entry:
    day = effective_day(on, at=at)
    content = {
        **details.checked(on=day),
        **address.checked(),
        "relation": checked_relation(relation),
        "status": Status.RESIDENT,
    }
    if record_code is not None:
        checked_record_code(record_code)
    told = [event, day, household and household.pk, record_code, content]
    notification = uuid.uuid5(_NOTIFICATIONS, json.dumps(told, default=str, sort_keys=True))
    with transaction.atomic(using=REGISTRY, durable=True):
        resident, is_new = _resident_of(notification, record_code)
        if not is_new:
            return resident.entries.get(version=1)
        content["household_id"] = (household or Household.objects.create()).pk
        return add_first(resident=resident, event=event, content=content, on=day, by=by, at=at)


def _resident_of(notification: uuid.UUID, record_code: str | None) -> tuple[Resident, bool]:
    """The person whom this notification named, made now if it is new: two at once make one."""
    while True:
        known = Resident.objects.filter(first_notification=notification).first()
        if known is not None:
            return known, False
        code = record_code or new_record_code()
        try:
            with transaction.atomic(using=REGISTRY):
                return Resident.objects.create(resident_record_code=code, first_notification=notification), True
        except IntegrityError:
            # Either the same notification came in meanwhile, or the code is taken: a random one is drawn again.
            taken = Resident.objects.exclude(first_notification=notification).filter(resident_record_code=code)
            if record_code is not None and taken.exists():
                raise errors.RecordCodeTaken from None
