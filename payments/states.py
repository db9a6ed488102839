"""The states of a bill and of a payment, and every change between them that may happen.

Money is money: a bank may say "succeeded" after it said "failed", so that change exists; the other way does not. A
payment that arrives for a bill which needs none (paid, cancelled, time-barred) is returned.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChargeState(models.TextChoices):
    ISSUED = "ISSUED", _("to be paid")
    PAID = "PAID", _("paid")
    CANCELLED = "CANCELLED", _("cancelled")
    EXPIRED = "EXPIRED", _("no longer payable")


class PaymentState(models.TextChoices):
    STARTED = "STARTED", _("started")
    SUCCEEDED = "SUCCEEDED", _("succeeded")
    FAILED = "FAILED", _("not completed")
    RETURNED = "RETURNED", _("returned")


CHARGE_CHANGES: dict[ChargeState, frozenset[ChargeState]] = {
    ChargeState.ISSUED: frozenset({ChargeState.PAID, ChargeState.CANCELLED, ChargeState.EXPIRED}),
    ChargeState.PAID: frozenset(),
    ChargeState.CANCELLED: frozenset(),
    ChargeState.EXPIRED: frozenset(),
}

PAYMENT_CHANGES: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.STARTED: frozenset({PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.RETURNED}),
    PaymentState.FAILED: frozenset({PaymentState.SUCCEEDED, PaymentState.RETURNED}),
    PaymentState.SUCCEEDED: frozenset(),
    PaymentState.RETURNED: frozenset(),
}


def charges_that_may_become(state: ChargeState) -> list[ChargeState]:
    """The states from which a bill may change to `state`, for a conditional UPDATE."""
    return [before for before, after in CHARGE_CHANGES.items() if state in after]


def payments_that_may_become(state: PaymentState) -> list[PaymentState]:
    """The states from which a payment may change to `state`, for a conditional UPDATE."""
    return [before for before, after in PAYMENT_CHANGES.items() if state in after]
