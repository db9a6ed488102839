"""An inquiry for specific personal information, by articles 19 to 23 of the My Number Act. The file to open first.

    article 19      no one provides it except where the law lists the case     the permission table, statute.csv
    article 21(2)   not where an impact assessment is missing                  both agencies' `assessment_until`
    article 21-2    not by the number: each agency has a code of its own       conversion.convert_to_all
    article 22      the provider shall answer what is permitted                providers.choose
    article 23      both sides and the network keep a record                   ledger.record, and a copy for each side
    article 23(2)   and note what the person is not told for now               `not_disclosed`

The order below is the promise: the request is on record before the provider hears of it, the answer before it leaves.
A crash may leave a record without an answer, never an answer without a record. What is not over when the request is,
or may be repeated, goes on in exchange.standing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings

from agencies.models import Agency
from codes.rist1 import Blinded, Code
from exchange import inquirer_copy, ledger, repeats, standing, statute
from exchange.answers import Answer, NotObtained
from exchange.conversion import convert_to_all
from exchange.inquiry_models import Inquiry
from exchange.ledger import Event
from exchange.models import Kind, Phase
from exchange.permission import Refused, permit
from exchange.providers import choose
from exchange.providers.question import Held, NotReached, Question
from exchange.statute import Rule
from holdings.periods import Period
from holdings.provide import ItemValue, Provision

__all__ = ["Answer", "ItemValue", "NotDisclosed", "NotObtained", "Refused", "answer_from_provider", "inquire"]


@dataclass(frozen=True, slots=True)
class NotDisclosed:
    """Why the person is not told of it (article 23(2)), and the first day on which she is, if one is set."""

    reason: str
    until: date | None = None


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
    reference: str = "",
    not_disclosed: NotDisclosed | None = None,
    on_behalf_of: Agency | None = None,
    at: datetime,
) -> Answer:
    """Ask the provider about the person whom the inquirer knows by `code`. Raises MalformedCode, Refused, NotObtained.

    `evidence` is what the inquirer signed about its own clerk and case; it lies sealed with the record. The same again
    under the same `reference` of the inquirer's is the same event and gives the same answer; else ReferenceTaken.
    `on_behalf_of` is the agency whose affair it is, where that has been delegated to the inquirer.

    A code of nobody and a person of whom the provider holds nothing get the same answer ("0004") and the same record.
    """
    private = {"case_number": case_number, "condition": str(condition or ""), "evidence": evidence}
    event = Event(
        kind=Kind.INQUIRY,
        inquirer=inquirer,
        provider=provider,
        affair=affair,
        data_set=data_set,
        items=tuple(items),
        subject=ledger.subject_of(code, known_to=inquirer),
        private={**private, "not_disclosed": not_disclosed.reason} if not_disclosed else private,
        is_withheld=not_disclosed is not None,
        disclosed_from=not_disclosed.until if not_disclosed else None,
        on_behalf_of=on_behalf_of,
    )

    def known_as() -> Sequence[Code]:
        return convert_to_all(code=code, source=inquirer, target=provider)  # article 21-2

    if reference:
        earlier = repeats.claim(event, provider=provider, reference=reference, at=at)
        if earlier is not None:
            return _again(earlier, known_as=known_as, condition=condition, at=at)
    return answer_from_provider(
        event, provider=provider, known_as=known_as, condition=condition, is_kept=bool(reference), at=at
    )


def _again(
    earlier: Inquiry, *, known_as: Callable[[], Sequence[Code]], condition: Period | None, at: datetime
) -> Answer:
    """What became of it; or, where its process has died, the rest of the road from what is on record: the same event,
    permitted or refused as it was."""
    left = repeats.take_over(earlier, at=at)
    if left is None:
        return standing.raise_if_not_obtained(standing.answer_of(earlier, at=at))
    rule = statute.rule_of(left.row)
    if rule is None:
        _close(left.event, None, Provision(left.outcome, []), is_kept=True, asked_at=earlier.asked_at, at=at)
        raise Refused(left.outcome, ledger.reference(left.event.id, ledger.INQUIRER))
    return put_to_provider(
        left.event,
        rule=rule,
        provider=earlier.provider,
        known_as=known_as,
        condition=condition,
        is_kept=True,
        asked_before=earlier.asked_at,
        at=at,
    )


def answer_from_provider(
    event: Event,
    *,
    provider: Agency,
    known_as: Callable[[], Sequence[Code]] = tuple,
    hidden: Sequence[tuple[int, Blinded]] = (),
    condition: Period | None,
    is_kept: bool = False,
    at: datetime,
) -> Answer:
    """Permit, record, ask, record: the road that every provision takes. Raises Refused, NotObtained.

    `known_as` gives the provider's codes for the person, the present one first; not before the request is on record.
    Asked blind, `hidden` holds them by epoch, encrypted to the provider. `is_kept`: the event bears a reference.
    """
    try:
        rule = permit(event, at=at)  # articles 19 and 21(2); a refusal is recorded too
    except Refused as refusal:
        _close(event, None, Provision(refusal.code, []), is_kept=is_kept, asked_at=at, at=at)
        raise
    ledger.record(event, rule=rule, phase=Phase.ASKED, at=at)  # article 23(3), the request
    return put_to_provider(
        event,
        rule=rule,
        provider=provider,
        known_as=known_as,
        hidden=hidden,
        condition=condition,
        is_kept=is_kept,
        at=at,
    )


def put_to_provider(
    event: Event,
    *,
    rule: Rule,
    provider: Agency,
    known_as: Callable[[], Sequence[Code]] = tuple,
    hidden: Sequence[tuple[int, Blinded]] = (),
    condition: Period | None,
    is_kept: bool,
    asked_before: datetime | None = None,
    at: datetime,
) -> Answer:
    """The second half of the road, for an event that is on record as asked; since then, where it was `asked_before`.
    Raises NotObtained."""
    asked_at = asked_before or at
    question = Question(
        provider=provider,
        inquirer=event.inquirer,
        rule=rule,
        data_set=event.data_set,
        items=event.items,
        condition=condition,
        reference=ledger.reference(event.id, ledger.PROVIDER),
        ends_at=asked_at + settings.INQUIRY_DEADLINE,
        codes=known_as(),
        hidden=hidden,
        asked_before=asked_before,
        on_behalf_of=event.on_behalf_of,
        is_withheld=event.is_withheld,
    )
    try:
        reply = choose.ask(question, at=at)  # article 22; and the provider's own record, article 23(1)
    except NotReached as failure:
        reply = Provision(failure.outcome, [])
        standing.keep_providers_copy(event, outcome=reply.outcome, at=at)
    if isinstance(reply, Held):
        return standing.hold(event, rule=rule, until=reply.until, is_kept=is_kept, at=asked_at)
    if not _close(event, rule, reply, is_kept=is_kept, asked_at=asked_at, at=at):
        return standing.as_it_stands(event.id, at=at)
    answer = Answer(
        outcome=reply.outcome,
        items=reply.items,
        record=ledger.reference(event.id, ledger.INQUIRER),
        rule=rule,
        asked_at=asked_at,
        answered_at=at,
    )
    return standing.raise_if_not_obtained(answer)


def _close(
    event: Event, rule: Rule | None, provision: Provision, *, is_kept: bool, asked_at: datetime, at: datetime
) -> bool:
    """It is over: on record, and in the inquirer's own copy, before anything leaves. Returns whether this was the end:
    its time may be over, or another process have ended what it took for left behind."""
    if is_kept and not standing.end(event.id, outcome=provision.outcome, items=provision.items, at=at):
        return False
    if rule is not None and is_kept:
        # Who came with the same reference may have seen the end, and written this before us (standing.settle).
        standing.close(event, rule=rule, outcome=provision.outcome, at=at)  # article 23(3), the provision
    elif rule is not None:
        ledger.record(event, rule=rule, phase=Phase.ANSWERED, outcome=provision.outcome, at=at)  # article 23(3)
    inquirer_copy.keep(  # article 23(1)
        event, row=rule.row if rule else "", outcome=provision.outcome, asked_at=asked_at, ended_at=at
    )
    if is_kept:
        standing.settled(event.id)
    return True
