"""As holdings.provide, for many persons at once: flags, answers and records of all of them in one transaction."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from codes.rist1 import Code, format_code
from databases import HOLDINGS, rows
from holdings import provide
from holdings.models import ByHand, Holding, Protection, ProvisionCopy, Stop, WaitingQuestion
from holdings.periods import Period, legal_day
from holdings.provide import Provision
from keys.sealing import CannotOpen

FAILED = "9000"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """One question: `codes` are the person's at the agency, the present one first; `reference` is the id of the
    provider's own record."""

    codes: Sequence[Code]
    data_set: str
    items: Sequence[str]
    condition: Period
    reference: str

    def __repr__(self) -> str:
        return "<Asked>"


class Provided(NamedTuple):
    """The answer, and the outcome that the provider's record names: another one only where the record is of an earlier
    answer and the copies have changed since. No answer: the question waits until the agency decides it by hand."""

    on_record: str
    provision: Provision | None

    def __repr__(self) -> str:
        return "<Provided>"


def answer_all(
    *,
    agency: str,
    asked: Sequence[Asked],
    inquirer: str,
    decided_by: datetime,
    is_again: bool = False,
    at: datetime,
) -> list[Provided]:
    """The provider's answers in the order of the questions, committed with its records before it returns.

    What the agency decides by hand is laid into its in-tray until `decided_by` (holdings.waiting). `is_again`: some may
    have been answered before, by someone who could not pass the answers on. They are answered again under the record
    that there is. Raises IntegrityError where another has just answered one of them.
    """
    printed = {code: format_code(code) for each in asked for code in each.codes}
    on = legal_day(at)
    with transaction.atomic(using=HOLDINGS, durable=True):
        before = _outcomes_before(asked) if is_again else {}
        flags = _flags(agency, asked, list(printed.values()), on)
        provided, records, questions = [], [], []
        for each, answer in zip(
            asked, _answers(agency, asked, _newest(agency, asked, printed, on), flags), strict=True
        ):
            known_as = "" if flags.protected.intersection(each.codes) else inquirer
            if each.reference in before:
                provided.append(Provided(before[each.reference], answer))
            elif _covers(flags.by_hand, each):
                questions.append(_question(agency, each, known_as, at=at, decided_by=decided_by))
                provided.append(Provided("", None))
            else:
                records.append(_record(agency, each, printed, known_as, answer, at=at))
                provided.append(Provided(answer.outcome, answer))
        # In an order of their own: that of the log's records must not be that of these.
        order = secrets.SystemRandom()
        order.shuffle(records), order.shuffle(questions)
        rows.insert(HOLDINGS, (ProvisionCopy, records))
        WaitingQuestion.objects.bulk_create(questions, ignore_conflicts=True)
    return provided


class _Flags(NamedTuple):
    """What the agency has set: whose papers must not name the asker; what it decides by hand, and what it has stopped,
    of everyone (no code) or of one person."""

    protected: set[Code]
    by_hand: set[tuple[str, Code | None]]
    stopped: set[tuple[str, Code | None]]


def _flags(agency: str, asked: Sequence[Asked], codes: Sequence[str], on: date) -> _Flags:
    concerned = Q(agency=agency, data_set__in={each.data_set for each in asked})
    concerned &= Q(code__isnull=True) | Q(code__in=codes)
    return _Flags(
        set(Protection.objects.of(agency=agency, codes=codes, on=on).values_list("code", flat=True)),
        set(ByHand.objects.filter(concerned).values_list("data_set", "code")),
        set(Stop.objects.in_force().filter(concerned).values_list("data_set", "code")),
    )


def _covers(marks: set[tuple[str, Code | None]], each: Asked) -> bool:
    return bool(marks) and not marks.isdisjoint((each.data_set, code) for code in (None, *each.codes))


def _question(agency: str, each: Asked, inquirer: str, *, at: datetime, decided_by: datetime) -> WaitingQuestion:
    return WaitingQuestion(
        id=uuid.UUID(each.reference),
        agency=agency,
        code=each.codes[0],
        inquirer=inquirer,
        data_set=each.data_set,
        items=" ".join(each.items),
        fiscal_year=each.condition.fiscal_year,
        begins_on=each.condition.begins_on,
        ends_on=each.condition.ends_on,
        at=at.replace(microsecond=0),
        ends_at=decided_by,
    )


def _record(
    agency: str, each: Asked, printed: Mapping[Code, str], inquirer: str, answer: Provision, *, at: datetime
) -> tuple[Any, ...]:
    """A row of ProvisionCopy, its values in the order of the model's fields."""
    copy_of = answer.copy_of or Period()
    return (
        uuid.UUID(each.reference),
        agency,
        printed[each.codes[0]],
        inquirer,
        each.data_set,
        " ".join(each.items),
        answer.outcome,
        False,
        at.replace(microsecond=0),
        copy_of.fiscal_year,
        copy_of.begins_on,
    )


def _outcomes_before(asked: Sequence[Asked]) -> dict[str, str]:
    found = ProvisionCopy.objects.filter(pk__in=[each.reference for each in asked]).values_list("pk", "outcome")
    return {str(copy_id): outcome for copy_id, outcome in found}


def _newest(agency: str, asked: Sequence[Asked], printed: Mapping[Code, str], on: date) -> list[Holding | None]:
    """The copy that answers each question, as `provide.answer` would find it: one query for each data set and time."""
    groups: dict[tuple[str, Period], list[int]] = {}
    for number, each in enumerate(asked):
        groups.setdefault((each.data_set, each.condition), []).append(number)
    found: list[Holding | None] = [None] * len(asked)
    for (data_set, condition), numbers in groups.items():
        codes = [printed[code] for number in numbers for code in asked[number].codes]
        held = Holding.objects.of(agency=agency, codes=codes, data_set=data_set).published(on)
        # The code as it is printed: that it is a code was seen to when it was written.
        ordered = held.meeting(condition).newest_first().annotate(known_as=Cast("code", TextField())).defer("code")
        # Locked, as one by one: who corrects a copy at the same time must see that it was provided.
        ordered = ordered.select_for_update()
        ranked: dict[str, tuple[int, Holding]] = {}
        for rank, holding in enumerate(ordered):
            ranked.setdefault(holding.known_as, (rank, holding))
        for number in numbers:
            hers = [ranked[printed[code]] for code in asked[number].codes if printed[code] in ranked]
            found[number] = min(hers, key=_rank)[1] if hers else None
    return found


def _rank(ranked: tuple[int, Holding]) -> int:
    return ranked[0]


def _answers(agency: str, asked: Sequence[Asked], found: Sequence[Holding | None], flags: _Flags) -> list[Provision]:
    none_held: dict[str, Provision] = {}
    answers = []
    for each, holding in zip(asked, found, strict=True):
        if _covers(flags.stopped, each):
            answers.append(Provision(provide.NOT_REGISTERED, []))
        elif holding is not None:
            answers.append(_provision(holding, agency, each))
        else:
            if each.data_set not in none_held:
                none_held[each.data_set] = Provision(provide.none_held(agency, each.data_set), [])
            answers.append(none_held[each.data_set])
    return answers


def _provision(holding: Holding, agency: str, each: Asked) -> Provision:
    try:
        return provide.said(holding, agency, each.data_set, each.items)
    except CannotOpen:
        # One damaged copy must not hold up the others of its batch.
        log.error("A copy of agency %s does not open.", holding.agency)
        return Provision(FAILED, [])
