"""Issuing a bill, taking it back, and closing what is time-barred."""

from __future__ import annotations

import datetime
import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from codes.rist1 import Code
from databases import PORTAL
from notifications.envelope import seal_for
from notifications.references import keyed_reference, possible_references
from payments import ledger
from payments.models import LARGEST_AMOUNT, Charge
from payments.states import ChargeState, charges_that_may_become

LONGEST_TITLE = 100
_REFERENCES = "payment-reference"
# Claims of local bodies lapse after five years (Local Autonomy Act, article 236(1)).
YEARS_UNTIL_TIME_BARRED = 5


class NotChargeable(ValueError):
    """The bill itself is not in order; the text says what to change."""


class ReferenceTaken(ValueError):
    """The agency used this reference for another bill."""


class NotOpen(Exception):
    """The bill is paid, cancelled or time-barred, and stays so."""


def issue(
    *,
    portal_code: Code,
    agency: str,
    reference: str,
    title: str,
    amount: int,
    due_on: datetime.date,
    at: datetime.datetime,
) -> Charge:
    """Issue a bill and return it; the same bill again is returned as it stands, paid or not.

    A code of nobody gets its bill like any other. `amount` in yen. Raises NotChargeable, ReferenceTaken.
    """
    _check(reference=reference, title=title, amount=amount)
    with transaction.atomic(using=PORTAL):
        charge = find(agency=agency, reference=reference)
        if charge is None:
            try:
                with transaction.atomic(using=PORTAL):
                    return _write(portal_code, agency, reference, title, amount, due_on, at)
            except IntegrityError:
                # Another try of the same bill was faster.
                charge = find(agency=agency, reference=reference)
                if charge is None:
                    raise
        same = (charge.portal_code, charge.title, charge.amount, charge.due_on)
        if same != (portal_code, title, amount, due_on):
            raise ReferenceTaken(_("This reference was used for another bill."))
        return charge


def find(*, agency: str, reference: str) -> Charge | None:
    """The bill that an agency issued under a reference, if there is one."""
    values = possible_references(_REFERENCES, sender=agency, reference=reference)
    return Charge.objects.filter(agency=agency, reference__in=values).first()


def cancel(*, charge: Charge, at: datetime.datetime) -> None:
    """Take back a bill that is not paid yet. Raises NotOpen."""
    if not _withdraw(charge, ChargeState.CANCELLED, at):
        raise NotOpen(_("This bill can no longer be cancelled."))


def close_time_barred(*, on: datetime.date, at: datetime.datetime) -> int:
    """Close bills that lapsed five years after the due day (Local Autonomy Act, article 236(1)); returns how many."""
    # 29 February has no fifth anniversary: the limit is then the day before it.
    day = 28 if (on.month, on.day) == (2, 29) else on.day
    limit = on.replace(year=on.year - YEARS_UNTIL_TIME_BARRED, day=day)
    return sum(_withdraw(charge, ChargeState.EXPIRED, at) for charge in Charge.objects.overdue(limit))


def _withdraw(charge: Charge, state: ChargeState, at: datetime.datetime) -> bool:
    with transaction.atomic(using=PORTAL):
        changed = Charge.objects.filter(pk=charge.pk, state__in=charges_that_may_become(state)).update(
            state=state, closed_at=at
        )
        if changed:
            ledger.post_withdrawal(charge, state.value, at=at)
    return bool(changed)


def _check(*, reference: str, title: str, amount: int) -> None:
    if not reference:
        raise NotChargeable(_("A bill needs a reference."))
    if not title.strip() or len(title) > LONGEST_TITLE or any(sign in title for sign in "\0\r\n"):
        raise NotChargeable(_("A bill needs a title of one line, at most 100 characters."))
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= LARGEST_AMOUNT:
        raise NotChargeable(_("The amount must be a whole number of yen from 1 to 99,999,999."))


def _write(
    portal_code: Code,
    agency: str,
    reference: str,
    title: str,
    amount: int,
    due_on: datetime.date,
    at: datetime.datetime,
) -> Charge:
    # Kept to the second: an exact instant would join this row with the record of the delivery elsewhere.
    at = at.replace(microsecond=0)
    charge = Charge(id=uuid.uuid4(), portal_code=portal_code, agency=agency, amount=amount, due_on=due_on, issued_at=at)
    charge.reference = keyed_reference(_REFERENCES, sender=agency, reference=reference)
    charge.reference_sealed = seal_for(charge.pk, reference, context=charge.context("reference"))
    charge.title_sealed = seal_for(charge.pk, title, context=charge.context("title"))
    charge.save(force_insert=True)
    ledger.post_issue(charge, at=at)
    return charge
