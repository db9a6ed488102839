"""Support measures for a victim of domestic violence, from the register to every agency that knows the person.

The register's row is the source; holdings keep a flag by each agency's own code, because a provider reads its flags in
the transaction of its answer. A flag without a row protects too much, a row without a flag too little. So setting
writes the flags first and then the row, lifting (by two clerks) the row first and then takes the flags away: whatever
is killed in between leaves the person protected, and the clerk's page says "done" only after the last step.

Each agency is told under its own code for the person, and each such use of a code is on record before it (row L95 of
the permission table). The record is the person's to read: she asked for the measures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from agencies.models import Agency
from codes.rist1 import Code
from crossings.codes import portal_code_of
from crossings.purposes import Purpose
from databases import HOLDINGS
from exchange import conversion, ledger, looks
from exchange.looks import Look
from holdings.models import Protection as Flag
from numbering.models import IssuedCode
from residents import errors, protection
from residents.models import Protection, Resident

# By agency: the person's codes there, the present one first.
Codes = Mapping[str, Sequence[Code]]


def protect(*, clerk: User, resident: Resident, until_on: date | None = None, at: datetime) -> Protection:
    """Set the measures: one clerk is enough, and the last line here is the moment at which it is done.

    Raises AlreadyProtected, LongerThanAYear; whatever else is raised, repeat it: no step is lost or doubled.
    """
    _require_own(clerk, resident)
    name = clerk.pseudonym("exchange")
    told = _codes(resident, _told(resident), by=name, at=at)
    _write(told, _last_days(at).get(resident.pk, until_on))
    try:
        done = protection.protect(resident=resident, until_on=until_on, by=clerk.pseudonym("registry"), at=at)
    except errors.RegisterError:
        if not resident.is_protected(at):
            _delete(told)
        raise
    # Once more, with the end: an agency may have been given its code between the first reading and the row.
    told = {**told, **_codes(resident, [agency for agency in _told(resident) if agency not in told], by=name, at=at)}
    _write(told, done.until_on)
    return done


def ask_to_lift(*, clerk: User, resident: Resident, at: datetime) -> Protection:
    """The first of two clerks. Nothing changes yet. Raises NotProtected."""
    _require_own(clerk, resident)
    return protection.request_lifting(resident=resident, by=clerk.pseudonym("registry"), at=at)


def confirm_lifting(*, clerk: User, resident: Resident, at: datetime) -> Protection | None:
    """The second clerk ends the measures; then the flags go. Raises NotProtected, LiftingNotRequested, SameClerk.

    A repeat after a kill finds the row lifted, and takes the rest of the flags away.
    """
    _require_own(clerk, resident)
    try:
        lifted = protection.confirm_lifting(resident=resident, by=clerk.pseudonym("registry"), at=at)
    except errors.NotProtected:
        lifted = Protection.objects.of(resident).filter(lifted_at__isnull=False).order_by("-lifted_at").first()
        if lifted is None:
            raise
    if not resident.is_protected(at):
        _delete(_codes(resident, _told(resident), by=clerk.pseudonym("exchange"), at=at))
    return lifted


def write_copies(*, resident: Resident, also: Sequence[str] = (), at: datetime) -> None:
    """A flag at every agency that knows a protected person, under its own code; `also` at those about to know."""
    until = _last_days(at).get(resident.pk)
    if until is not None:
        _write(_codes(resident, [*_told(resident), *also], by="", at=at), until)


def restore_copies(*, at: datetime) -> int:
    """Write flags that an agency lacks, as after the loss of holdings. Returns for how many persons.

    Nobody's code is converted to find out: the flags of each agency are compared with the register by their last days
    and their number. A flag too many (a lifting that was cut off) is left to the clerk who repeats the lifting.
    """
    last_days = _last_days(at)
    known = IssuedCode.objects.filter(resident__in=last_days).values_list("resident", "agency").distinct()
    wanted = [(resident, agency, last_days[resident]) for resident, agency in known]
    lacking = Counter((agency, until) for _, agency, until in wanted)
    lacking.subtract(Flag.objects.values_list("agency", "until"))
    told: dict[UUID, list[str]] = {}
    for resident, agency, until in wanted:
        if lacking[agency, until] > 0:
            told.setdefault(resident, []).append(agency)
    for resident in Resident.objects.filter(pk__in=told):
        _write(_codes(resident, told[resident.pk], by="", at=at), last_days[resident.pk])
    return len(told)


def _last_days(at: datetime) -> dict[UUID, date]:
    """The last day of the measures in force, for everyone who is protected: few people, in any register."""
    in_force = Protection.objects.in_force(at).order_by("until_on")
    return dict(in_force.values_list("resident", "until_on"))


def _told(resident: Resident) -> list[str]:
    """Agencies that have a code for the person, or are promised one."""
    return list(IssuedCode.objects.filter(resident=resident).values_list("agency", flat=True).distinct())


def _codes(resident: Resident, local_codes: Iterable[str], *, by: str, at: datetime) -> Codes:
    """The person's codes at each of these agencies that is in the exchange, on record before they are converted.

    `by` is the clerk's pseudonym, empty where no clerk is behind it. Raises Refused.
    """
    agencies = list(Agency.objects.filter(local_code__in=set(local_codes)).order_by("local_code"))
    if not agencies:
        return {}
    own = portal_code_of(resident)
    municipality = Agency.objects.get(local_code=resident.current.local_government_code)
    look = Look(
        agency=municipality, subject=ledger.subject_of(own), what="protection", purpose=Purpose.PROTECTION, clerk=by
    )
    looks.record_all([replace(look, told=agency) for agency in agencies], at=at)
    portal = Agency.objects.portal()
    return {agency.local_code: conversion.convert_to_all(code=own, source=portal, target=agency) for agency in agencies}


def _write(codes: Codes, until: date | None) -> None:
    """Flags with this last day, and without an end while the measures are only being set."""
    with transaction.atomic(using=HOLDINGS, durable=True):
        for agency, (present, *former) in codes.items():
            Flag.objects.update_or_create(agency=agency, code=present, defaults={"until": until})
            Flag.objects.filter(agency=agency, code__in=former).delete()


def _delete(codes: Codes) -> None:
    with transaction.atomic(using=HOLDINGS, durable=True):
        for agency, known_as in codes.items():
            Flag.objects.filter(agency=agency, code__in=known_as).delete()


def _require_own(clerk: User, resident: Resident) -> None:
    if not clerk.is_staff or resident.current.local_government_code != clerk.agency:
        raise errors.OtherMunicipality
