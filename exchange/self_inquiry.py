"""The portal asks for a person's own information, on her behalf and by the same road as any inquiry."""

from __future__ import annotations

from datetime import datetime

from agencies.models import Agency
from codes.rist1 import Code
from exchange import ledger, standing, statute
from exchange.conversion import convert_to_all
from exchange.inquiry import Answer, answer_from_provider
from exchange.ledger import Event
from exchange.models import Kind
from holdings.periods import Period, legal_day

AFFAIR = "JM90000000000080"


def ask(*, portal_code: Code, provider: Agency, data_set: str, condition: Period | None = None, at: datetime) -> Answer:
    """All items of the data set that the provider holds about the person. Raises MalformedCode, Refused.

    Where the provider decides by hand, asking again is coming back for the same inquiry.
    """
    rule = statute.rule_for_all_items(
        kind=Kind.SELF, affair=AFFAIR, provider=provider, data_set=data_set, on=legal_day(at)
    )
    portal = Agency.objects.portal()
    subject = ledger.subject_of(portal_code)
    earlier = standing.waiting_of(subject=subject, inquirer=portal, provider=provider, data_set=data_set)
    if earlier is not None:
        return standing.answer_of(earlier, at=at)
    event = Event(
        kind=Kind.SELF,
        inquirer=portal,
        provider=provider,
        affair=AFFAIR,
        data_set=data_set,
        items=rule.items if rule else (),
        subject=subject,
        private={},
    )
    return answer_from_provider(
        event,
        provider=provider,
        known_as=lambda: convert_to_all(code=portal_code, source=portal, target=provider),
        condition=condition,
        at=at,
    )
