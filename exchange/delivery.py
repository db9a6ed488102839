"""An agency sends something to a person whom it knows by its own code: a notice, or a charge.

`begin` permits, records and says which mailbox; the caller delivers; `complete` records that it lies there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agencies.models import Agency
from codes.rist1 import Code
from exchange import ledger
from exchange.conversion import convert
from exchange.ledger import Event
from exchange.models import Kind, Phase
from exchange.permission import permit
from exchange.statute import Rule

NOTICE = "TM90000000000092"
CHARGE = "TM90000000000093"


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """A permitted delivery: the portal's code of the person, and the sender's reference of the record."""

    event: Event
    rule: Rule
    portal_code: Code
    record: str

    def __repr__(self) -> str:
        return "<Delivery>"


def begin(
    *, sender: Agency, code: Code, affair: str, what: str, case_number: str = "", evidence: str = "", at: datetime
) -> Delivery:
    """Open a delivery of a NOTICE or a CHARGE. Raises MalformedCode, Refused.

    A mailbox needs no account and no living person: the sender cannot tell a code of nobody from any other.
    """
    portal = Agency.objects.portal()
    portal_code = convert(code=code, source=sender, target=portal)
    event = Event(
        kind=Kind.DELIVERY,
        inquirer=sender,
        provider=portal,
        affair=affair,
        data_set=what,
        items=(),
        subject=ledger.subject_of(portal_code),
        private={"case_number": case_number, "evidence": evidence},
    )
    rule = permit(event, at=at)
    ledger.record(event, rule=rule, phase=Phase.ASKED, at=at)
    return Delivery(event, rule, portal_code, ledger.reference(event.id, ledger.INQUIRER))


def complete(delivery: Delivery, *, outcome: str = "0000", at: datetime) -> None:
    """Record how the delivery ended, before the sender hears of it."""
    ledger.record(delivery.event, rule=delivery.rule, phase=Phase.ANSWERED, outcome=outcome, at=at)
