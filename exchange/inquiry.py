"""An inquiry for specific personal information, by articles 19 to 23 of the My Number Act. The file to open first.

    article 19      no one provides it except where the law lists the case     the permission table, statute.csv
    article 21(2)   not where an impact assessment is missing                  both agencies' `assessment_until`
    article 21-2    not by the number: each agency has a code of its own       conversion.convert_to_all
    article 22      the provider shall answer what is permitted                providers.choose
    article 23      both sides and the network keep a record                   ledger.record, provider's own copy

The order below is the promise: the request is on record before the provider hears of it, the answer before it leaves.
A crash may leave a record without an answer, never an answer without a record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies.models import Agency
from codes.rist1 import Blinded, Code
from exchange import ledger
from exchange.conversion import convert_to_all
from exchange.ledger import Event
from exchange.models import Kind, Phase
from exchange.permission import Refused, permit
from exchange.providers import choose
from exchange.providers.question import Held, NotReached, Question
from exchange.statute import Rule
from holdings.periods import Period
from holdings.provide import ItemValue

__all__ = ["Answer", "ItemValue", "Refused", "answer_from_provider", "inquire"]


AUTOMATIC = timedelta(minutes=15)


class NotObtained(Refused):
    """Permitted and asked, but nothing came: the provider was not reached, or not in time. It is on record."""


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What came back, the row that permitted it, and the inquirer's reference of the record."""

    outcome: str
    items: list[ItemValue]
    record: str
    rule: Rule
    asked_at: datetime
    answered_at: datetime

    def __repr__(self) -> str:
        return "<Answer>"


def inquire(
    *,
    inquirer: Agency,
    code: Code,
    provider: Agency,
    affair: str,
    data_set: str,
    items: Sequence[str],
    condition: Period | None = None,
    case_number: str = "",
    evidence: str = "",
    at: datetime,
) -> Answer:
    """Ask the provider about the person whom the inquirer knows by `code`. Raises MalformedCode, Refused.

    `evidence` is what the inquirer signed about its own clerk and case; it lies sealed with the record.

    A code of nobody and a person of whom the provider holds nothing get the same answer ("0004") and the same record.
    """
    event = Event(
        kind=Kind.INQUIRY,
        inquirer=inquirer,
        provider=provider,
        affair=affair,
        data_set=data_set,
        items=tuple(items),
        subject=ledger.subject_of(code, known_to=inquirer),
        private={"case_number": case_number, "condition": str(condition or ""), "evidence": evidence},
    )
    return answer_from_provider(
        event,
        provider=provider,
        known_as=lambda: convert_to_all(code=code, source=inquirer, target=provider),  # article 21-2
        condition=condition,
        at=at,
    )


def answer_from_provider(
    event: Event,
    *,
    provider: Agency,
    known_as: Callable[[], Sequence[Code]] = tuple,
    hidden: Sequence[tuple[int, Blinded]] = (),
    condition: Period | None,
    at: datetime,
) -> Answer:
    """Permit, record, ask, record: the road that every provision takes. Raises Refused, NotObtained.

    `known_as` gives the provider's codes for the person, the present one first; not before the request is on record.
    Asked blind, `hidden` holds them by epoch, encrypted to the provider.
    """
    rule = permit(event, at=at)  # articles 19 and 21(2); a refusal is recorded too
    ledger.record(event, rule=rule, phase=Phase.ASKED, at=at)  # article 23(3), the request
    question = Question(
        provider=provider,
        inquirer=event.inquirer,
        rule=rule,
        data_set=event.data_set,
        items=event.items,
        condition=condition,
        reference=ledger.reference(event.id, ledger.PROVIDER),
        ends_at=at + AUTOMATIC,
        codes=known_as(),
        hidden=hidden,
    )
    try:
        provision = choose.ask(question, at=at)  # article 22; and the provider's own record, article 23(1)
        if isinstance(provision, Held):
            raise NotReached
    except NotReached as failure:
        ledger.record(event, rule=rule, phase=Phase.ANSWERED, outcome=failure.outcome, at=at)
        raise NotObtained(failure.outcome, ledger.reference(event.id, ledger.INQUIRER)) from None
    ledger.record(
        event, rule=rule, phase=Phase.ANSWERED, outcome=provision.outcome, at=at
    )  # article 23(3), the provision
    return Answer(
        outcome=provision.outcome,
        items=provision.items,
        record=ledger.reference(event.id, ledger.INQUIRER),
        rule=rule,
        asked_at=at,
        answered_at=at,
    )
