"""As holdings.provide, for many persons at once: flags, answers and records of all of them in one transaction."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from codes.rist1 import Code, format_code
from databases import HOLDINGS, rows
from holdings import provide
from holdings.models import Holding, Protection, ProvisionCopy
from holdings.periods import Period, legal_day
from holdings.provide import Provision
from keys.sealing import CannotOpen

FAILED = "9000"
_COLUMNS = ("id", "agency", "code", "inquirer", "data_set", "items", "outcome", "at")

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
    answer and the copies have changed since."""

    on_record: str
    provision: Provision

    def __repr__(self) -> str:
        return "<Provided>"


def answer_all(
    *, agency: str, asked: Sequence[Asked], inquirer: str, is_again: bool = False, at: datetime
) -> list[Provided]:
    """The provider's answers in the order of the questions, committed with its records before it returns.

    `is_again`: some may have been answered before, by someone who could not pass the answers on. They are answered
    again under the record that there is. Raises IntegrityError where another has just answered one of them.
    """
    on, ids = legal_day(at), [uuid.UUID(each.reference) for each in asked]
    printed = {code: format_code(code) for each in asked for code in each.codes}
    with transaction.atomic(using=HOLDINGS, durable=True):
        answers = _answers(agency, asked, _newest(agency, asked, printed, on))
        before = _outcomes_before(ids) if is_again else {}
        protected = Protection.objects.of_any(agency=agency, codes=list(printed.values()), on=on)
        new = [
            (
                copy_id,
                agency,
                printed[each.codes[0]],
                "" if protected.intersection(each.codes) else inquirer,
                each.data_set,
                " ".join(each.items),
                answer.outcome,
                at.replace(microsecond=0),
            )
            for copy_id, each, answer in zip(ids, asked, answers, strict=True)
            if copy_id not in before
        ]
        # In an order of its own: that of the log's records must not be that of these.
        secrets.SystemRandom().shuffle(new)
        rows.insert(ProvisionCopy, _COLUMNS, new, using=HOLDINGS)
    return [Provided(before.get(copy_id, answer.outcome), answer) for copy_id, answer in zip(ids, answers, strict=True)]


def _outcomes_before(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(ProvisionCopy.objects.filter(pk__in=ids).values_list("pk", "outcome"))


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
        ranked: dict[str, tuple[int, Holding]] = {}
        for rank, holding in enumerate(ordered):
            ranked.setdefault(holding.known_as, (rank, holding))
        for number in numbers:
            hers = [ranked[printed[code]] for code in asked[number].codes if printed[code] in ranked]
            found[number] = min(hers, key=_rank)[1] if hers else None
    return found


def _rank(ranked: tuple[int, Holding]) -> int:
    return ranked[0]


def _answers(agency: str, asked: Sequence[Asked], found: Sequence[Holding | None]) -> list[Provision]:
    none_held: dict[str, Provision] = {}
    answers = []
    for each, holding in zip(asked, found, strict=True):
        if holding is not None:
            answers.append(_provision(holding, each.items))
            continue
        if each.data_set not in none_held:
            none_held[each.data_set] = Provision(provide.none_held(agency, each.data_set), [])
        answers.append(none_held[each.data_set])
    return answers


def _provision(holding: Holding, items: Sequence[str]) -> Provision:
    try:
        return Provision(provide.ANSWERED, provide.values_of(holding, items))
    except CannotOpen:
        # One damaged copy must not hold up the others of its batch.
        log.error("A copy of agency %s does not open.", holding.agency)
        return Provision(FAILED, [])
