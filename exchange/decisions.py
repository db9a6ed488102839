"""The provider decides what waits for it: it answers from its copies or with items of its own, or declines.

The first end counts: of two decisions at once, or one and a cancellation, or one and the deadline, one is written.
A decision may be repeated; a late one is refused and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from agencies.models import Agency
from codes.rist1 import Code
from exchange import answers, ledger, standing
from exchange.conversion import convert_to_all
from exchange.inquiry_models import WITH_ANSWER, Inquiry, State
from exchange.standing import HasEnded, UnknownInquiry
from holdings import provide, waiting
from holdings.models import WaitingQuestion
from holdings.provide import ItemValue, Provision

MOST_SHOWN = 100


class NotAsked(ValueError):
    """The items are not exactly those that were asked for."""


def in_tray(*, provider: Agency, at: datetime, limit: int = MOST_SHOWN) -> list[WaitingQuestion]:
    """What waits for the provider to decide, the most urgent first.

    Not what a process laid there that died before it was noted as held: nobody can decide that, until whoever asked
    asks again under the same reference (exchange.repeats), or it is cleared away by night.
    """
    held = Inquiry.objects.filter(provider=provider, state=State.HELD, ends_at__gt=at)
    events = held.order_by("ends_at", "event").values_list("event", flat=True)[:limit]
    references = ledger.references(list(events), ledger.PROVIDER)
    return waiting.those(agency=provider.local_code, references=references, at=at)


def every_code(question: WaitingQuestion, *, provider: Agency) -> list[Code]:
    """The person's codes at the provider, in every epoch under which its rows may lie."""
    return convert_to_all(code=question.code, source=provider, target=provider)


def approve(
    *,
    provider: Agency,
    reference: str,
    items: Sequence[ItemValue] | None = None,
    private: Mapping[str, str] | None = None,
    at: datetime,
) -> Inquiry:
    """Answer: with these items, or with what the provider's copies say. An empty list: it holds nothing.

    `private` (a reason, a clerk's pseudonym) lies sealed with the record. Raises UnknownInquiry, NotAsked, HasEnded.
    """
    inquiry = _of_provider(provider, reference)
    given = None if items is None else _given(inquiry, items)

    def from_copies(question: WaitingQuestion) -> Provision:
        codes = every_code(question, provider=provider)
        return given or waiting.content(question, codes=codes, is_given=True, at=at)

    return _decide(inquiry, reference, from_copies, states=WITH_ANSWER, private=private, given=given, at=at)


def decline(*, provider: Agency, reference: str, private: Mapping[str, str] | None = None, at: datetime) -> Inquiry:
    """Decline to answer (4001). Raises UnknownInquiry, HasEnded."""
    declined = Provision(answers.DECLINED, [])
    inquiry = _of_provider(provider, reference)
    return _decide(
        inquiry, reference, lambda _: declined, states=(State.DECLINED,), private=private, given=declined, at=at
    )


def _decide(
    inquiry: Inquiry,
    reference: str,
    answer: Callable[[WaitingQuestion], Provision],
    *,
    states: Sequence[State],
    private: Mapping[str, str] | None,
    given: Provision | None,
    at: datetime,
) -> Inquiry:
    def is_first(provision: Provision) -> bool:
        return standing.end(
            inquiry.event, outcome=provision.outcome, of=[State.HELD], items=provision.items, reason=private, at=at
        )

    is_repeat = False
    if inquiry.provider.is_hosted:
        try:
            waiting.decide(
                agency=inquiry.provider.local_code, reference=reference, answer=answer, is_first=is_first, at=at
            )
        except (waiting.NotWaiting, waiting.Overtaken):
            is_repeat = True
    else:
        is_repeat = given is None or not is_first(given)
    inquiry = standing.up_to_date(inquiry, at=at)
    if is_repeat and not (inquiry.state in states and standing.says(inquiry, given)):
        raise HasEnded(inquiry.outcome, reference)
    return inquiry


def _of_provider(provider: Agency, reference: str) -> Inquiry:
    rows = Inquiry.objects.filter(provider=provider).exclude(state__in=[State.ASKED, State.REFUSED])
    event = ledger.event_of(reference, ledger.PROVIDER)
    inquiry = rows.select_related("inquirer", "provider").filter(event=event).first()
    if inquiry is None:
        raise UnknownInquiry
    return inquiry


def _given(inquiry: Inquiry, items: Sequence[ItemValue]) -> Provision:
    found = ledger.recall(UUID(str(inquiry.event)))
    asked = found.event.items if found else ()
    by_code = {item.code: item for item in items}
    if items and (len(by_code) != len(items) or set(by_code) != set(asked)):
        raise NotAsked
    return Provision(provide.ANSWERED if items else provide.NO_RECORD, [by_code[code] for code in asked if items])
