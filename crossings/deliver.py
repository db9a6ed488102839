"""An agency writes to a person, or sends a bill, by its own code for that person.

    permitted and on record    exchange.delivery.begin, a row of kind DELIVERY
    the code becomes the portal's                (in the same step)
    the letter or bill lies there                notifications.delivery, payments.charging
    the record says how it ended                 exchange.delivery.complete
    and only then the sender hears of it

Three transactions in two databases, so a crash may fall between any two. It leaves at worst a record of a delivery that
did not happen, or a letter whose record has no end; trying again with the same reference finds the letter and finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from agencies.models import Agency
from codes.rist1 import Code
from exchange import delivery as exchange_delivery
from exchange.delivery import Delivery
from notifications import delivery as mailbox
from notifications.models import Message
from payments import charging
from payments.models import Charge

DELIVERED = "0000"
NOT_DELIVERED = "9000"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The sender's receipt: since when it lies there, its reference of the record, and whether this try put it there.

    It says nothing about the person, not even whether there is one.
    """

    at: datetime
    record: str
    is_new: bool


def deliver_notice(
    *,
    sender: Agency,
    code: Code,
    affair: str,
    reference: str,
    subject: str,
    body: str,
    documents: Sequence[tuple[str, bytes]] = (),
    kind: str = Message.Kind.NOTICE,
    evidence: str = "",
    at: datetime,
) -> Delivered:
    """Put a letter into the person's mailbox. The same letter under the same reference is delivered once.

    Raises MalformedCode, Refused, and with the record closed NotDeliverable, DocumentRefused, ReferenceTaken.
    """

    def write(portal_code: Code) -> tuple[datetime, bool]:
        is_new = mailbox.find(sender=sender.local_code, reference=reference) is None
        message = mailbox.deliver(
            portal_code=portal_code,
            sender=sender.local_code,
            reference=reference,
            subject=subject,
            body=body,
            documents=documents,
            kind=kind,
            at=at,
        )
        return message.sent_at, is_new

    opened = exchange_delivery.begin(
        sender=sender, code=code, affair=affair, what=exchange_delivery.NOTICE, evidence=evidence, at=at
    )
    return _deliver(write, opened, at=at)


def deliver_charge(
    *,
    sender: Agency,
    code: Code,
    affair: str,
    reference: str,
    title: str,
    amount: int,
    due_on: date,
    evidence: str = "",
    at: datetime,
) -> Delivered:
    """Send the person a bill, in yen. The same bill under the same reference is issued once.

    Raises MalformedCode, Refused, and with the record closed NotChargeable, ReferenceTaken.
    """

    def write(portal_code: Code) -> tuple[datetime, bool]:
        is_new = charging.find(agency=sender.local_code, reference=reference) is None
        charge: Charge = charging.issue(
            portal_code=portal_code,
            agency=sender.local_code,
            reference=reference,
            title=title,
            amount=amount,
            due_on=due_on,
            at=at,
        )
        return charge.issued_at, is_new

    opened = exchange_delivery.begin(
        sender=sender, code=code, affair=affair, what=exchange_delivery.CHARGE, evidence=evidence, at=at
    )
    return _deliver(write, opened, at=at)


def _deliver(write: Callable[[Code], tuple[datetime, bool]], opened: Delivery, *, at: datetime) -> Delivered:
    try:
        lies_there_since, is_new = write(opened.portal_code)
    except ValueError:
        # The letter itself was refused (its reference is taken, say): the person sees that nothing came of it.
        exchange_delivery.complete(opened, outcome=NOT_DELIVERED, at=at)
        raise
    exchange_delivery.complete(opened, outcome=DELIVERED, at=at)
    return Delivered(lies_there_since, opened.record, is_new)
