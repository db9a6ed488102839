"""Questions that wait for a provider: which it answers by hand, what its copies say to them, and how they end.

An automatic answer can be kept back for one person and data set, or for a whole data set. Such a question lies here
until a clerk or the agency's system decides it, the inquirer takes it back, or its time is over. Whichever is first is
the exchange's to say, in one statement of its own database: `is_first` is asked inside the provider's transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from django.db import transaction

from codes.rist1 import Code, format_code
from databases import HOLDINGS
from holdings import provide
from holdings.models import ByHand, Protection, WaitingQuestion
from holdings.periods import legal_day
from holdings.provide import Provision


class NotWaiting(Exception):
    """Nothing waits under this reference for this agency: it is over, or another's, or was never there."""


class Overtaken(Exception):
    """It has ended otherwise: too late, and nothing was changed."""


def set_by_hand(*, agency: str, data_set: str, code: Code | None = None, former: Sequence[Code] = ()) -> None:
    """From now on nothing is answered automatically from this data set, about this person or about anyone."""
    with transaction.atomic(using=HOLDINGS, durable=True):
        ByHand.objects.get_or_create(agency=agency, data_set=data_set, code=code)
        ByHand.objects.filter(agency=agency, data_set=data_set, code__in=former).delete()


def set_automatic(*, agency: str, data_set: str, code: Code | None = None, former: Sequence[Code] = ()) -> None:
    """Take the mark away. What waits already waits on."""
    codes = [each for each in (code, *former) if each is not None]
    marks = ByHand.objects.filter(agency=agency, data_set=data_set)
    marks.filter(code__in=codes).delete() if codes else marks.filter(code=None).delete()


def those(*, agency: str, references: Collection[str | uuid.UUID], at: datetime) -> list[WaitingQuestion]:
    """The agency's questions under these references, the most urgent first; of others nothing."""
    rows = WaitingQuestion.objects.filter(agency=agency, id__in=references).order_by("ends_at", "id")
    return _without_names(list(rows), agency=agency, at=at)


def one(*, agency: str, reference: str | uuid.UUID, at: datetime) -> WaitingQuestion:
    """One of the agency's questions. Raises NotWaiting, for another agency's too."""
    found = those(agency=agency, references=[reference], at=at)
    if not found:
        raise NotWaiting
    return found[0]


def content(question: WaitingQuestion, *, codes: Sequence[Code], is_given: bool = False, at: datetime) -> Provision:
    """What the agency's copies say to the question. `codes` are the person's there, in every epoch. `is_given`: it is
    the answer, inside the transaction that ends the question, and not only looked at."""
    return provide.from_copies(
        agency=question.agency,
        codes=codes,
        data_set=question.data_set,
        items=question.items.split(),
        condition=question.condition,
        is_given=is_given,
        at=at,
    )


def decide(
    *,
    agency: str,
    reference: str | uuid.UUID,
    answer: Callable[[WaitingQuestion], Provision],
    is_first: Callable[[Provision], bool],
    at: datetime,
) -> Provision:
    """Answer or decline, with the provider's record in the same transaction. Raises NotWaiting, Overtaken."""
    with transaction.atomic(using=HOLDINGS, durable=True):
        question = _locked(reference, agency=agency)
        if question is None:
            raise NotWaiting
        provision = answer(question)
        _finish(question, provision, at=at)
        if not is_first(provision):
            raise Overtaken
    return provision


def close(*, reference: str, outcome: str, at: datetime) -> None:
    """It ended without the provider: take it out of the in-tray, and keep the provider's record. Again does nothing."""
    with transaction.atomic(using=HOLDINGS, durable=True):
        question = _locked(reference)
        if question is not None:
            _finish(question, Provision(outcome, []), at=at)


def _without_names(questions: list[WaitingQuestion], *, agency: str, at: datetime) -> list[WaitingQuestion]:
    """Who asks about a protected person is not shown; a protection that was set while the question waits counts."""
    codes = [question.code for question in questions]
    flags = Protection.objects.of(agency=agency, codes=codes, on=legal_day(at))
    protected = {format_code(code) for code in flags.values_list("code", flat=True)}
    for question in questions:
        if format_code(question.code) in protected:
            question.inquirer = ""
    return questions


def _locked(reference: str | uuid.UUID, **facts: str) -> WaitingQuestion | None:
    return WaitingQuestion.objects.select_for_update().filter(id=reference, **facts).first()


def _finish(question: WaitingQuestion, provision: Provision, *, at: datetime) -> None:
    """Flags are read again: a protection that was set while the question waited counts."""
    if Protection.objects.protects(agency=question.agency, codes=[question.code], on=legal_day(at)):
        question.inquirer = ""
    provide.keep_record(question, provision, at=at)
    WaitingQuestion.objects.filter(id=question.id).delete()
