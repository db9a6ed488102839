"""Support measures for a victim of domestic violence, from the register to every agency that knows the person.

The register's row is the source; holdings keep a flag by each agency's own code, because a provider reads its flags in
the transaction of its answer. A flag without a row protects too much, a row without a flag too little. So setting
writes the flags first and then the row, lifting (by two clerks) the row first and then takes the flags away: whatever
is killed in between leaves the person protected, and the clerk's page says "done" only after the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from agencies.models import Agency
from codes.rist1 import Code
from crossings.codes import portal_code_of
from databases import HOLDINGS
from exchange import conversion
from holdings.models import Protection as Flag
from numbering.models import IssuedCode
from residents import errors, protection
from residents.models import Protection, Resident


def protect(*, clerk: User, resident: Resident, until_on: date | None = None, at: datetime) -> Protection:
    """Set the measures: one clerk is enough, and the last line here is the moment at which it is done.

    Raises AlreadyProtected, LongerThanAYear; whatever else is raised, repeat it: no step is lost or doubled.
    """
    _require_own(clerk, resident)
    write_copies(resident=resident, until=until_on, at=at)
    try:
        done = protection.protect(resident=resident, until_on=until_on, by=clerk.pseudonym("registry"), at=at)
    except errors.RegisterError:
        take_copies_away(resident=resident, at=at)
        raise
    # Once more: an agency may have been given its code between the first reading and the row.
    write_copies(resident=resident, at=at)
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
    take_copies_away(resident=resident, at=at)
    return lifted


def write_copies(*, resident: Resident, also: Sequence[str] = (), until: date | None = None, at: datetime) -> None:
    """A flag at every agency that knows the person, under that agency's own code; `also` at those about to know.

    The flag ends with the measures in force, and without an end while they are only being set.
    """
    in_force = Protection.objects.of(resident).in_force(at).order_by("-until_on").first()
    last_day = in_force.until_on if in_force else until
    codes = _codes(resident, [*_told(resident), *also])
    with transaction.atomic(using=HOLDINGS, durable=True):
        for agency, (present, *former) in codes.items():
            Flag.objects.update_or_create(agency=agency, code=present, defaults={"until": last_day})
            Flag.objects.filter(agency=agency, code__in=former).delete()


def take_copies_away(*, resident: Resident, at: datetime) -> None:
    """No flag stays, unless measures are in force (again) by now."""
    if resident.is_protected(at):
        return
    codes = _codes(resident, _told(resident))
    with transaction.atomic(using=HOLDINGS, durable=True):
        for agency, known_as in codes.items():
            Flag.objects.filter(agency=agency, code__in=known_as).delete()


def restore_copies(*, at: datetime) -> int:
    """Write the flags of all measures in force anew, as after the loss of holdings. Returns for how many persons."""
    residents = Resident.objects.filter(pk__in=Protection.objects.in_force(at).values("resident"))
    for resident in residents:
        write_copies(resident=resident, at=at)
    return len(residents)


def _told(resident: Resident) -> list[str]:
    """Agencies that have a code for the person, or are promised one."""
    return list(IssuedCode.objects.filter(resident=resident).values_list("agency", flat=True).distinct())


def _codes(resident: Resident, local_codes: Sequence[str]) -> dict[str, list[Code]]:
    """The person's codes at each of these agencies that is in the exchange, the present one first."""
    portal = Agency.objects.portal()
    own = portal_code_of(resident)
    agencies = Agency.objects.filter(local_code__in=local_codes)
    return {agency.local_code: conversion.convert_to_all(code=own, source=portal, target=agency) for agency in agencies}


def _require_own(clerk: User, resident: Resident) -> None:
    if not clerk.is_staff or resident.current.local_government_code != clerk.agency:
        raise errors.OtherMunicipality
