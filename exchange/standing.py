"""The life of an inquiry that is not over at once, or that may be repeated: how it stands, ends, and is fetched.

    ASKED ──► HELD ──► ANSWERED ──► FETCHED           the provider answered; its inquirer has the answer
      │         ├────► DECLINED                       the provider declined (4001)
      │         ├────► CANCELLED                      the inquirer took it back (4002)
      │         └────► TIMED_OUT                      nobody answered in time (5002)
      └─► REFUSED, ANSWERED, NOT_OBTAINED, TIMED_OUT  at once

An end is reached by one conditional UPDATE: of two that come together one is first, and the other changes nothing. What
follows from an end is written after it and may be repeated (`settle`): the provider's copy, the record, the inquirer's
copy. No answer is handed out before that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from agencies.models import Agency
from databases import EXCHANGE
from exchange import answers, inquirer_copy, ledger, statute
from exchange.answers import Answer, NotObtained
from exchange.inquiry_models import OPEN, CallbackAddress, Inquiry, State
from exchange.ledger import Event, Recalled
from exchange.models import AccessRecord, Phase
from exchange.permission import Refused
from exchange.statute import Rule
from holdings import provide, waiting
from holdings.provide import ANSWERED, NO_RECORD, NOT_REGISTERED, ItemValue, Provision
from keys.sealing import open_sealed, seal

_PURPOSE = "inquiry-answer"
_STATES = {
    ANSWERED: State.ANSWERED,
    NO_RECORD: State.ANSWERED,
    NOT_REGISTERED: State.ANSWERED,
    answers.LAYOUT_NOT_SUPPORTED: State.ANSWERED,
    answers.DECLINED: State.DECLINED,
    answers.CANCELLED: State.CANCELLED,
    answers.NOT_REACHED: State.NOT_OBTAINED,
    answers.TIME_OUT: State.TIMED_OUT,
}
# What a living process still writes after the end is not repaired under its hands.
_TIME_TO_SETTLE = timedelta(minutes=1)


class UnknownInquiry(Exception):
    """No inquiry of this agency: never asked, answered at once and not kept, or another's. All look the same."""


class HasEnded(Exception):
    """It has ended otherwise; `outcome` says how. Nothing was changed."""

    def __init__(self, outcome: str, record: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.record = record


class InProgress(Exception):
    """The provider is being asked at this moment."""


class AnswerErased(Exception):
    """The answer was kept for a while and is erased."""


def hold(event: Event, *, rule: Rule, until: datetime, is_kept: bool, at: datetime) -> Answer:
    """The provider has the question and answers later. `is_kept`: the event has a row already."""
    assert event.provider is not None  # noqa: S101 - for the checker: an inquiry has a provider
    outcome = answers.BY_HAND if event.provider.is_hosted else answers.PENDING
    facts = {"state": State.HELD, "outcome": outcome, "ends_at": until}
    if is_kept:
        if not Inquiry.objects.filter(event=event.id, state=State.ASKED).update(**facts):
            return as_it_stands(event.id, at=at)
    else:
        Inquiry.objects.create(event=event.id, inquirer=event.inquirer, provider=event.provider, asked_at=at, **facts)
    return Answer(outcome, [], ledger.reference(event.id, ledger.INQUIRER), rule, at, None, until)


def end(
    event: UUID,
    *,
    outcome: str,
    of: Sequence[State] = OPEN,
    items: Sequence[ItemValue] = (),
    reason: Mapping[str, str] | None = None,
    at: datetime,
) -> bool:
    """End it with this result code, if it stands in one of these states and its time is not over: one statement.

    Returns whether this was the end. `settle` must follow.
    """
    state = _STATES.get(outcome, State.REFUSED)
    rows = Inquiry.objects.filter(event=event, state__in=of)
    if state != State.TIMED_OUT:
        rows = rows.filter(ends_at__gt=at)
    sealed = _seal(event, "answer", [[i.code, i.value, i.null_reason] for i in items]) if items else None
    return bool(
        rows.update(
            state=state,
            outcome=outcome,
            ended_at=at,
            answer_sealed=sealed,
            answer_until=at + settings.ANSWER_KEPT if sealed else None,
            reason_sealed=_seal(event, "reason", dict(reason)) if reason else None,
        )
    )


def settle(inquiry: Inquiry, *, at: datetime) -> None:
    """Write what follows from the end, as far as it is not there: in every copy, and for the inquirer to hear of."""
    found = ledger.recall(inquiry.event)
    if found is not None:
        ended_at = inquiry.ended_at or at
        waiting.close(reference=ledger.reference(inquiry.event, ledger.PROVIDER), outcome=inquiry.outcome, at=ended_at)
        if not found.is_refused:
            keep_providers_copy(found.event, outcome=inquiry.outcome, at=ended_at)
        reason = _open(inquiry.event, "reason", inquiry.reason_sealed)
        record_end(found, outcome=inquiry.outcome, private=reason or {}, at=ended_at)
    is_told = CallbackAddress.objects.filter(agency=inquiry.inquirer_id).exists()
    Inquiry.objects.filter(event=inquiry.event, is_settled=False).update(
        is_settled=True, reason_sealed=None, notice_due_at=at if is_told else None
    )


def keep_providers_copy(event: Event, *, outcome: str, at: datetime) -> None:
    """The provider's copy of what it never heard of, or has handed in from its own system. Again changes nothing."""
    if event.provider is not None:
        provide.keep_record_without_code(
            reference=ledger.reference(event.id, ledger.PROVIDER),
            agency=event.provider.local_code,
            data_set=event.data_set,
            items=event.items,
            outcome=outcome,
            is_withheld=event.is_withheld,
            at=at,
        )


def record_end(found: Recalled, *, outcome: str, private: Mapping[str, str] | None = None, at: datetime) -> None:
    """Close an event from what the log has of it, and write the inquirer's copy. Again changes nothing."""
    if found.ended_at is None:
        event = replace(found.event, private={**found.event.private, **(private or {})})
        found = close(event, rule=statute.rule_of(found.row), outcome=outcome, at=at) or found
    inquirer_copy.keep(
        found.event,
        row=found.row,
        outcome=outcome if found.ended_at is None else found.outcome,
        asked_at=found.asked_at,
        ended_at=found.ended_at or at,
    )


def close(event: Event, *, rule: Rule | None, outcome: str, at: datetime) -> Recalled | None:
    """Put the end of an event on record. Where another process has been faster its end stands, and is returned."""
    try:
        ledger.record(event, rule=rule, phase=Phase.ANSWERED, outcome=outcome, at=at)
    except IntegrityError:
        earlier = ledger.recall(event.id)
        if earlier is None or earlier.ended_at is None:
            raise  # something else is wrong: a record without an end must not pass for one with it
        return earlier
    return None


def settled(event: UUID) -> None:
    """All that follows from the end of an inquiry that was answered at once is written."""
    Inquiry.objects.filter(event=event).update(is_settled=True)


def result(*, inquirer: Agency, record: str, at: datetime) -> Answer:
    """The inquirer comes back for the answer. Raises UnknownInquiry, AnswerErased, Refused."""
    return answer_of(_own(inquirer, record), at=at)


def cancel(*, inquirer: Agency, record: str, at: datetime) -> Answer:
    """The inquirer takes a held inquiry back. Again changes nothing. Raises UnknownInquiry, InProgress, HasEnded."""
    inquiry = _own(inquirer, record)
    if end(inquiry.event, outcome=answers.CANCELLED, of=[State.HELD], at=at):
        inquiry.refresh_from_db()
        settle(inquiry, at=at)
    inquiry = up_to_date(inquiry, at=at)
    if inquiry.state == State.ASKED:
        raise InProgress
    if inquiry.state != State.CANCELLED:
        raise HasEnded(inquiry.outcome, record)
    return answer_of(inquiry, at=at)


def answer_of(inquiry: Inquiry, *, at: datetime) -> Answer:
    """What the inquirer may have of it now. Raises AnswerErased, Refused."""
    inquiry = up_to_date(inquiry, at=at)
    record = ledger.reference(inquiry.event, ledger.INQUIRER)
    if inquiry.state == State.REFUSED:
        raise Refused(inquiry.outcome, record)
    found = ledger.recall(inquiry.event)
    rule = statute.rule_of(found.row) if found else None
    if found is None or rule is None:
        raise InProgress  # the reference is taken up, the request about to be recorded
    if inquiry.is_open:
        return Answer(inquiry.outcome, [], record, rule, inquiry.asked_at, None, inquiry.ends_at)
    items = [ItemValue(*item) for item in _open(inquiry.event, "answer", inquiry.answer_sealed) or []]
    if inquiry.outcome == ANSWERED and not items:
        raise AnswerErased
    if inquiry.state == State.ANSWERED:
        _mark_fetched(inquiry, at=at)
    return Answer(inquiry.outcome, items, record, rule, inquiry.asked_at, inquiry.ended_at)


def as_it_stands(event: UUID, *, at: datetime) -> Answer:
    """What another process made of it, or the deadline, while this one was at it. Raises NotObtained, Refused."""
    inquiry = Inquiry.objects.select_related("inquirer", "provider").filter(event=event).first()
    if inquiry is None:  # given up for dead before it was on record
        raise NotObtained(answers.TIME_OUT, ledger.reference(event, ledger.INQUIRER))
    return raise_if_not_obtained(answer_of(inquiry, at=at))


def end_overdue(*, at: datetime) -> int:
    """End what nobody answered in time, and finish ends that were cut off. Returns how many."""
    count = 0
    for inquiry in Inquiry.objects.overdue(at).select_related("inquirer", "provider"):
        if ledger.recall(inquiry.event) is None:
            # The process died before the request was on record: nobody was asked, and the reference is free again.
            Inquiry.objects.filter(event=inquiry.event, state=State.ASKED).delete()
            continue
        count += up_to_date(inquiry, at=at).state == State.TIMED_OUT
    for inquiry in Inquiry.objects.unsettled().filter(ended_at__lt=at - _TIME_TO_SETTLE):
        settle(inquiry, at=at)
        count += 1
    return count


def forget_answers(*, at: datetime) -> int:
    """Erase answers whose time is over. Returns how many."""
    return Inquiry.objects.filter(answer_until__lte=at).update(answer_sealed=None, answer_until=None)


def raise_if_not_obtained(answer: Answer) -> Answer:
    """The same answer as at the first time: NotObtained, where the provider could not be reached."""
    if answer.outcome in answers.NOT_PROVIDED:
        raise NotObtained(answer.outcome, answer.record)
    return answer


def waiting_of(*, subject: bytes, inquirer: Agency, provider: Agency, data_set: str) -> Inquiry | None:
    """What still waits about this person, or was answered and not fetched yet."""
    rows = Inquiry.objects.filter(inquirer=inquirer, provider=provider, state__in=[State.HELD, State.ANSWERED])
    events = AccessRecord.objects.about(subject).opening().filter(event__in=rows.values("event"))
    for opening in events.select_related("leaf").order_by("-leaf"):
        if json.loads(opening.leaf.body)["data_set"] == data_set:
            return rows.select_related("inquirer", "provider").get(event=opening.event)
    return None


def says(inquiry: Inquiry, given: Provision | None) -> bool:
    """Whether it ended with just this provision, as far as that is still known; None asks for no particular one."""
    if given is None:
        return True
    if inquiry.outcome != given.outcome:
        return False
    kept = _open(inquiry.event, "answer", inquiry.answer_sealed)
    return kept is None or [ItemValue(*item) for item in kept] == given.items


def _own(inquirer: Agency, record: str) -> Inquiry:
    rows = Inquiry.objects.filter(inquirer=inquirer).select_related("inquirer", "provider")
    inquiry = rows.filter(event=ledger.event_of(record, ledger.INQUIRER)).first()
    if inquiry is None:
        raise UnknownInquiry
    return inquiry


def up_to_date(inquiry: Inquiry, *, at: datetime) -> Inquiry:
    """The row as it is now: its deadline is kept although no task has come by, and its end is settled."""
    if inquiry.is_open and inquiry.ends_at <= at:
        end(inquiry.event, outcome=answers.TIME_OUT, at=at)
    inquiry.refresh_from_db()
    if not inquiry.is_open and not inquiry.is_settled:
        settle(inquiry, at=at)
    return inquiry


def _mark_fetched(inquiry: Inquiry, *, at: datetime) -> None:
    until = at + settings.ANSWER_KEPT_ONCE_FETCHED
    with transaction.atomic(using=EXCHANGE, durable=True):
        rows = Inquiry.objects.filter(event=inquiry.event, state=State.ANSWERED)
        rows.update(state=State.FETCHED, answer_until=until if inquiry.answer_sealed else None)


def _seal(event: UUID, what: str, content: Any) -> bytes:
    return seal(_PURPOSE, json.dumps(content).encode(), context=_context(event, what))


def _open(event: UUID, what: str, sealed: bytes | memoryview | None) -> Any:
    return json.loads(open_sealed(_PURPOSE, bytes(sealed), context=_context(event, what))) if sealed else None


def _context(event: UUID, what: str) -> str:
    return f"exchange.Inquiry.{what}_sealed:{event}"
