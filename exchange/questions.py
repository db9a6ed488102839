"""A citizen asks about one of her records, and whoever used her code must say why, within a fortnight.

    ASKED      by her, of a record that she can read      the agency named on it as the asking one, or the clerk's
    ANSWERED   by that agency, late or in time            she closes it, or passes it on
    ESCALATED  by her: the deadline is over, or the answer does not satisfy her
    CLOSED     by her, by the commission's answer, or by itself a month after the answer

Overdue is not a state but a day: nothing has to run for a deadline to pass. Each move is one conditional UPDATE, so of
two at once one counts. Nothing here converts a code, so nothing here needs a record of its own.
"""

from __future__ import annotations

import json
import re
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from agencies.models import Agency
from codes.rist1 import Code
from databases import EXCHANGE
from exchange import ledger, records
from exchange.models import Kind
from exchange.question_models import Question
from exchange.records import Record
from holdings.periods import legal_day
from keys.sealing import open_sealed, seal

LONGEST_QUESTION = 1000
LONGEST_ANSWER = 4000
CLOSES_AFTER = timedelta(days=30)
_PURPOSE = "question-seal"
# Twelve digits, also in groups: the form of an Individual Number, which has no business in a letter.
_TWELVE_DIGITS = re.compile(r"(?<![0-9])(?:[0-9][ -]?){11}[0-9](?![0-9])")


class NoSuchQuestion(LookupError):
    """There is no such record or question, it is another's, or it is withheld: all look the same."""


class NotAskable(ValueError):
    """The record is of the person's own asking: nobody else can say why."""


class AlreadyAsked(ValueError):
    """A question about this record is open."""


class TooManyToday(ValueError):
    """The person has asked as often today as one may."""


class NotInThisState(ValueError):
    """Somebody was faster, or it is too early: the question is not in a state that allows this."""


class TextRefused(ValueError):
    """The text is empty or too long."""


class NumberInText(TextRefused):
    """The text has what looks like an Individual Number."""


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A question opened for whoever may read it; texts that were erased, or are not for the reader, are empty."""

    question: Question
    text: str
    answer: str
    ruling: str
    is_overdue: bool
    may_be_passed_on: bool

    def __repr__(self) -> str:
        return "<Asked>"


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """A question as its addressee sees it: the record, the case number that the agency itself gave, and her words."""

    question: Question
    record: Record
    case_number: str
    text: str
    answer: str
    is_overdue: bool

    def __repr__(self) -> str:
        return "<Received>"


def ask(
    *,
    portal_code: Code,
    reference: str | uuid.UUID,
    ground: str,
    text: str = "",
    for_agency: bool = True,
    reply_to: str,
    at: datetime,
) -> Question:
    """Ask about one of her disclosed records. `reply_to` is her mailbox; where `for_agency` is false, her own words are
    for the commission only. Raises NoSuchQuestion, NotAskable, AlreadyAsked, TooManyToday, TextRefused."""
    record = _askable(portal_code, reference, at)
    event, subject, day = ledger.event_of(reference, ledger.INQUIRER), ledger.subject_of(portal_code), legal_day(at)
    words = _checked(text, LONGEST_QUESTION) if text.strip() else ""
    question = Question(
        event=event,
        subject=subject,
        agency=record.inquirer,
        ground=Question.Ground(ground),
        asked_on=day,
        answer_by=day + timedelta(days=settings.QUESTION_ANSWER_DAYS),
    )
    content = json.dumps({"text": words, "for_agency": for_agency}, ensure_ascii=False)
    question.text_sealed = _seal(question, "text", content)
    question.reply_sealed = _seal(question, "reply", reply_to)
    while True:
        if Question.objects.open().filter(event=event).exists():
            raise AlreadyAsked
        question.number_of_day = Question.objects.about(subject).filter(asked_on=day).count() + 1
        if question.number_of_day > settings.QUESTIONS_PER_DAY:
            raise TooManyToday
        with transaction.atomic(using=EXCHANGE, durable=True):
            # Two at once: the later row is passed over, not refused, so that no server logs whom it concerns.
            Question.objects.bulk_create([question], ignore_conflicts=True)
        if Question.objects.filter(pk=question.pk).exists():
            return question


def answer(*, agency: Agency, question: Question, text: str, at: datetime) -> None:
    """The agency's answer, in time or late. Raises NotInThisState, TextRefused."""
    words = _seal(question, "answer", _checked(text, LONGEST_ANSWER))
    asked = Question.objects.filter(agency=agency, state=Question.State.ASKED)
    _move(asked, question, state=Question.State.ANSWERED, answered_at=_second(at), answer_sealed=words, to_be_told=True)


def rule(*, question: Question, text: str, at: datetime) -> None:
    """The commission's answer to a question that was passed on; it ends it. Raises NotInThisState, TextRefused."""
    words = _seal(question, "ruling", _checked(text, LONGEST_ANSWER))
    _move(
        Question.objects.passed_on(),
        question,
        state=Question.State.CLOSED,
        closed_at=_second(at),
        ruling_sealed=words,
        to_be_told=True,
    )


def pass_on(*, portal_code: Code, question_id: uuid.UUID, at: datetime) -> None:
    """To the commission: after the deadline, or when the answer does not satisfy. Raises NoSuchQuestion,
    NotInThisState."""
    late = Q(state=Question.State.ASKED, answer_by__lt=legal_day(at))
    ready = Question.objects.filter(late | Q(state=Question.State.ANSWERED))
    _move(ready, _own(portal_code, question_id), state=Question.State.ESCALATED, escalated_at=_second(at))


def close(*, portal_code: Code, question_id: uuid.UUID, at: datetime) -> None:
    """She is satisfied. Raises NoSuchQuestion, NotInThisState."""
    answered = Question.objects.filter(state=Question.State.ANSWERED)
    _move(answered, _own(portal_code, question_id), state=Question.State.CLOSED, closed_at=_second(at))


def close_answered(*, at: datetime) -> int:
    """Close what was answered a month ago and not passed on. Returns how many."""
    with transaction.atomic(using=EXCHANGE, durable=True):
        return Question.objects.filter(state=Question.State.ANSWERED, answered_at__lt=at - CLOSES_AFTER).update(
            state=Question.State.CLOSED, closed_at=_second(at)
        )


def erase_texts(*, at: datetime) -> int:
    """Erase all words, and the way to her mailbox, some time after the end. Returns of how many questions."""
    limit = at - timedelta(days=settings.QUESTION_TEXT_DAYS)
    with transaction.atomic(using=EXCHANGE, durable=True):
        ended = Question.objects.filter(state=Question.State.CLOSED, closed_at__lt=limit, text_sealed__isnull=False)
        return ended.filter(to_be_told=False).update(
            text_sealed=None, answer_sealed=None, ruling_sealed=None, reply_sealed=None
        )


def of_record(*, portal_code: Code, reference: str | uuid.UUID, at: datetime) -> list[Asked]:
    """Her questions about one record, the newest first."""
    event = ledger.event_of(reference, ledger.INQUIRER)
    own = Question.objects.about(ledger.subject_of(portal_code)).filter(event=event).select_related("agency")
    on = legal_day(at)
    return [
        Asked(
            question,
            _content(question)["text"],
            _open(question, "answer"),
            _open(question, "ruling"),
            question.is_overdue(on),
            question.may_be_passed_on(on),
        )
        for question in own.order_by("-asked_on", "-number_of_day")
    ]


def to_agency(*, agency: Agency, at: datetime, limit: int = 100) -> list[Received]:
    """What the agency has to answer, the first deadline first. Her words are left out where they are not for it."""
    return _received(list(Question.objects.to(agency).waiting().select_related("agency")[:limit]), at, all_words=False)


def one_to_agency(*, agency: Agency, question_id: uuid.UUID, at: datetime) -> Received | None:
    """One of its own, also when answered; none for another agency's and for an invented one alike."""
    found = Question.objects.to(agency).filter(pk=question_id).select_related("agency")
    return next(iter(_received(list(found), at, all_words=False)), None)


def by_reference(*, agency: Agency, reference: str | uuid.UUID) -> Question:
    """The newest question to this agency about the record that it knows by this reference. Raises NoSuchQuestion."""
    event = ledger.event_of(reference, ledger.INQUIRER)
    asked = Question.objects.to(agency).filter(event=event).order_by("-asked_on", "-number_of_day")
    if (found := asked.first()) is None:
        raise NoSuchQuestion
    return found


def is_answer(question: Question, text: str) -> bool:
    """Whether the agency's answer has this text: then the same was sent twice."""
    return _open(question, "answer") == _checked(text, LONGEST_ANSWER)


def passed_on(*, at: datetime, limit: int = 100) -> list[Received]:
    """What the commission has to answer, the oldest first, with all words."""
    return _received(list(Question.objects.passed_on().select_related("agency")[:limit]), at, all_words=True)


def one_passed_on(*, question_id: uuid.UUID, at: datetime) -> Received | None:
    """One that was passed to the commission."""
    found = Question.objects.passed_on().filter(pk=question_id).select_related("agency")
    return next(iter(_received(list(found), at, all_words=True)), None)


def overdue(*, at: datetime, limit: int = 100) -> list[Question]:
    """Past the deadline and neither answered nor passed on: what the commission sees of them, without any words."""
    return list(Question.objects.overdue(legal_day(at)).select_related("agency")[:limit])


def to_be_told(*, limit: int = 500) -> list[Question]:
    """Questions with an answer of which their person has no letter yet."""
    return list(Question.objects.filter(to_be_told=True).select_related("agency").order_by("id")[:limit])


def reply_to(question: Question) -> str:
    """The mailbox in which the person is told. For the crossing that writes there."""
    return _open(question, "reply")


def told(question: Question) -> None:
    """The letter lies in her mailbox. An answer that came since keeps its own turn."""
    with transaction.atomic(using=EXCHANGE, durable=True):
        Question.objects.filter(pk=question.pk, state=question.state).update(to_be_told=False)


def _askable(portal_code: Code, reference: str | uuid.UUID, at: datetime) -> Record:
    record = records.one(portal_code=portal_code, reference=reference, at=at)
    if record is None:
        raise NoSuchQuestion
    if record.kind == Kind.SELF:
        raise NotAskable
    return record


def _own(portal_code: Code, question_id: uuid.UUID) -> Question:
    own = Question.objects.about(ledger.subject_of(portal_code)).filter(pk=question_id).first()
    if own is None:
        raise NoSuchQuestion
    return own


def _move(allowed: Any, question: Question, **changes: Any) -> None:
    with transaction.atomic(using=EXCHANGE, durable=True):
        if not allowed.filter(pk=question.pk).order_by().update(**changes):
            raise NotInThisState


def _received(questions: Sequence[Question], at: datetime, *, all_words: bool) -> list[Received]:
    found = records.of_events([question.event for question in questions])
    on: date = legal_day(at)
    received = []
    for question in questions:
        if question.event not in found:
            continue  # its record's seven years are over
        record, private = found[question.event]
        content = _content(question)
        words = content["text"] if all_words or content["for_agency"] else ""
        received.append(
            Received(
                question, record, private["case_number"], words, _open(question, "answer"), question.is_overdue(on)
            )
        )
    return received


def _checked(text: str, longest: int) -> str:
    words = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not words or len(words) > longest or "\0" in words:
        raise TextRefused
    if _TWELVE_DIGITS.search(unicodedata.normalize("NFKC", words)):
        raise NumberInText
    return words


def _content(question: Question) -> dict[str, Any]:
    sealed = _open(question, "text")
    content: dict[str, Any] = json.loads(sealed) if sealed else {"text": "", "for_agency": True}
    return content


def _seal(question: Question, column: str, content: str) -> bytes:
    return seal(_PURPOSE, content.encode(), context=question.context(column))


def _open(question: Question, column: str) -> str:
    sealed = getattr(question, f"{column}_sealed")
    return open_sealed(_PURPOSE, bytes(sealed), context=question.context(column)).decode() if sealed else ""


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
