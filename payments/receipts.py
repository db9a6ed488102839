"""Letters about money: the receipt of a payment, and the notice that money which was not needed goes back."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from agencies.models import Agency
from codes.rist1 import Code
from letters import letter
from notifications import delivery
from notifications.models import Message
from payments.models import Charge, Payment

# Our own series of references in an agency's name: no reference of the agency's own can meet it.
_RECEIPTS = "receipt"
_RETURNS = "return"


def draw(payment: Payment, *, at: datetime.datetime) -> bytes:
    """The receipt as a PDF, in the person's language."""
    charge = payment.charge
    with _language_of(charge.portal_code):
        agency = _agency_name(charge)
        return letter(
            title=_("Receipt"),
            paragraphs=[_("%(agency)s has received the payment below. Thank you.") % {"agency": agency}],
            table=[
                (_("Bill"), charge.title),
                (_("Reference of the agency"), charge.agency_reference),
                (_("Agency"), agency),
                (_("Amount"), yen(payment.amount)),
                (_("Paid on"), formats.date_format(timezone.localtime(at), "DATE_FORMAT")),
                (_("Receipt number"), str(payment.pk)),
            ],
            footer=_("This receipt was made by the portal. Sandbox payment: no real money was moved."),
        )


def deliver(payment: Payment, document: bytes, *, at: datetime.datetime) -> Message:
    """Put the receipt into the payer's mailbox. Stands in the transaction that settles the payment."""
    charge = payment.charge
    with _language_of(charge.portal_code):
        return delivery.deliver(
            portal_code=charge.portal_code,
            sender=charge.agency,
            reference=str(charge.pk),
            series=_RECEIPTS,
            kind=Message.Kind.RECEIPT,
            subject=_("Receipt: %(title)s") % {"title": charge.title},
            body=_("Your payment of %(amount)s has arrived. The receipt is attached.")
            % {"amount": yen(payment.amount)},
            documents=[(_("receipt") + ".pdf", document)],
            at=at,
        )


def deliver_return(payment: Payment, *, at: datetime.datetime) -> Message:
    """Tell the payer that the money goes back, because the bill needed none."""
    charge = payment.charge
    with _language_of(charge.portal_code):
        return delivery.deliver(
            portal_code=charge.portal_code,
            sender=charge.agency,
            reference=str(payment.pk),
            series=_RETURNS,
            subject=_("Your money is being returned: %(title)s") % {"title": charge.title},
            body=_(
                "A payment of %(amount)s came for this bill, which no longer needed one. The whole amount is being "
                "returned to you. You need not do anything."
            )
            % {"amount": yen(payment.amount)},
            at=at,
        )


def receipt_of(charge: Charge) -> Message | None:
    """The letter with the receipt of a bill, once it is paid."""
    return delivery.find(sender=charge.agency, reference=str(charge.pk), series=_RECEIPTS)


def yen(amount: int) -> str:
    """An amount as people write it: "12,000 yen", 「12,000円」."""
    return _("%(amount)s yen") % {"amount": f"{amount:,}"}


def _agency_name(charge: Charge) -> str:
    agency = Agency.objects.filter(local_code=charge.agency).first()
    # A payment must settle even when its agency is no longer listed.
    return agency.name if agency else charge.agency


@contextmanager
def _language_of(portal_code: Code) -> Iterator[None]:
    language = User.objects.filter(portal_code=portal_code).values_list("language", flat=True).first()
    with translation.override(language or "ja"):
        yield
