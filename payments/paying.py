"""Paying a bill: a start that leads to the provider's page, and a settlement when the provider's event comes.

Whatever the provider sends, twice, late, or in another order: a bill is paid once, money that is not needed goes back,
and the journal says so. Nothing about the payer leaves for the provider.
"""

from __future__ import annotations

import datetime
import secrets

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from databases import PORTAL
from payments import ledger, providers, receipts
from payments.charging import NotOpen
from payments.models import ORDER_VALID, Charge, Payment, ProviderEvent
from payments.providers.base import Event, EventRefused, Order, Result
from payments.states import ChargeState, PaymentState, charges_that_may_become, payments_that_may_become

# For the first half of the time that an order is good for, pressing "pay" again leads to the same order.
_ORDER_REUSED = ORDER_VALID / 2

Outcome = ProviderEvent.Outcome


class UnknownOrder(EventRefused):
    """The event names an order that we never gave."""

    code = "unknown-order"


class AmountMismatch(EventRefused):
    """The event names another amount than the order."""

    code = "amount-mismatch"


class EventAltered(EventRefused):
    """The id of this event was used for another one."""

    code = "event-altered"


def start(*, charge: Charge, user: User, return_url: str, notify_url: str, payee: str, at: datetime.datetime) -> str:
    """Open an order for an open bill of the user's own; returns the address of the provider's page.

    `payee` is the agency's name as the page shall show it. Raises Charge.DoesNotExist for another person's bill,
    NotOpen, NoProvider.
    """
    provider = providers.current()
    Charge.objects.of(user).get(pk=charge.pk)
    payment = _order(charge, provider.name, at)
    return provider.page_for(
        Order(
            token=payment.order,
            amount=payment.amount,
            payee=payee,
            return_url=return_url,
            notify_url=notify_url,
            valid_until=payment.valid_until,
        )
    )


def settle(*, event: bytes, signature: str, at: datetime.datetime, provider: str = "sandbox") -> Outcome:
    """Take a provider's event and say what was done with it; the same event again gets the same answer.

    Raises EventRefused (WrongSignature, MalformedEvent, UnknownOrder, AmountMismatch, EventAltered): nothing changed.
    """
    told = providers.named(provider).read_event(body=event, signature=signature, at=at)
    # The letter is drawn before the lock is taken: fonts are slow, and nobody should wait for them.
    receipt = _receipt_for(told, provider, at)
    with transaction.atomic(using=PORTAL, durable=True):
        payment = _locked(provider, told.order)
        before = ProviderEvent.objects.filter(provider=provider, event=told.id).first()
        if before is not None:
            return _answer_again(before, told)
        if payment.amount != told.amount:
            raise AmountMismatch("The amount is not the order's.")
        outcome = _apply(payment, told.result, receipt, at)
        ProviderEvent.objects.create(
            provider=provider, event=told.id, digest=told.digest, payment=payment, outcome=outcome, received_at=at
        )
    return outcome


def _order(charge: Charge, provider: str, at: datetime.datetime) -> Payment:
    with transaction.atomic(using=PORTAL, durable=True):
        # The bill's row is the lock: two starts at once get one order.
        locked = Charge.objects.select_for_update().get(pk=charge.pk)
        if not locked.is_open():
            raise NotOpen(_("This bill needs no payment any more."))
        started = Payment.objects.filter(charge=locked, state=PaymentState.STARTED).first()
        if started and started.provider == provider and at < started.started_at + _ORDER_REUSED:
            return started
        if started:
            _change(started, PaymentState.FAILED, at)
        return Payment.objects.create(
            charge=locked, provider=provider, order=secrets.token_urlsafe(32), amount=locked.amount, started_at=at
        )


def _locked(provider: str, order: str) -> Payment:
    """The payment, with its bill's row locked: whatever concerns one bill passes one by one, here as in `_order`."""
    orders = Payment.objects.filter(provider=provider, order=order)
    if not Charge.objects.select_for_update().filter(pk__in=orders.values("charge")).exists():
        raise UnknownOrder("No such order.")
    return orders.select_related("charge").get()


def _receipt_for(told: Event, provider: str, at: datetime.datetime) -> bytes | None:
    payment = Payment.objects.select_related("charge").filter(provider=provider, order=told.order).first()
    if payment is None or told.result is not Result.SUCCEEDED or payment.state == PaymentState.SUCCEEDED:
        return None
    return receipts.draw(payment, at=at) if payment.charge.is_open() else None


def _answer_again(before: ProviderEvent, told: Event) -> Outcome:
    if before.digest != told.digest:
        raise EventAltered("This event id was used for another event.")
    return Outcome(before.outcome)


def _apply(payment: Payment, result: Result, receipt: bytes | None, at: datetime.datetime) -> Outcome:
    if result is Result.FAILED:
        _change(payment, PaymentState.FAILED, at)
        return Outcome.NOTED
    if payment.state == PaymentState.SUCCEEDED:
        return Outcome.ACCEPTED
    if payment.state == PaymentState.RETURNED:
        return Outcome.RETURNED
    paid = Charge.objects.filter(pk=payment.charge_id, state__in=charges_that_may_become(ChargeState.PAID)).update(
        state=ChargeState.PAID, closed_at=at
    )
    if not paid:
        _change(payment, PaymentState.RETURNED, at)
        ledger.post_return(payment, at=at)
        receipts.deliver_return(payment, at=at)
        return Outcome.RETURNED
    _change(payment, PaymentState.SUCCEEDED, at)
    ledger.post_payment(payment, at=at)
    receipts.deliver(payment, receipt or receipts.draw(payment, at=at), at=at)
    return Outcome.ACCEPTED


def _change(payment: Payment, state: PaymentState, at: datetime.datetime) -> bool:
    changed = Payment.objects.filter(pk=payment.pk, state__in=payments_that_may_become(state)).update(
        state=state, changed_at=at
    )
    return bool(changed)
