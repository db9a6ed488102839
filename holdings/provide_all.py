"""As holdings.provide, for many persons at once: flags, answers and records of all of them in one transaction."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from codes.rist1 import Code
from databases import HOLDINGS
from holdings import provide
from holdings.models import Holding, Protection, ProvisionCopy
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
    on = legal_day(at)
    with transaction.atomic(using=HOLDINGS, durable=True):
        found = _newest(agency, asked, on)
        answers = _answers(agency, asked, found)
        before = ProvisionCopy.objects.in_bulk([uuid.UUID(each.reference) for each in asked]) if is_again else {}
        protected = Protection.objects.of_any(agency=agency, codes=_codes(asked), on=on)
        new = [
            provide.copy_of(
                agency=agency,
                code=each.codes[0],
                inquirer="" if protected.intersection(each.codes) else inquirer,
                data_set=each.data_set,
                items=each.items,
                outcome=answer.outcome,
                reference=each.reference,
                at=at,
            )
            for each, answer in zip(asked, answers, strict=True)
            if uuid.UUID(each.reference) not in before
        ]
        # In an order of its own: that of the log's records must not be that of these.
        secrets.SystemRandom().shuffle(new)
        ProvisionCopy.objects.bulk_create(new)
    outcomes = {copy_id: copy.outcome for copy_id, copy in before.items()}
    return [
        Provided(outcomes.get(uuid.UUID(each.reference), answer.outcome), answer)
        for each, answer in zip(asked, answers, strict=True)
    ]


def _newest(agency: str, asked: Sequence[Asked], on: date) -> list[Holding | None]:
    """The copy that answers each question, as `provide.answer` would find it: one query for each data set and time."""
    groups: dict[tuple[str, Period], list[int]] = {}
    for number, each in enumerate(asked):
        groups.setdefault((each.data_set, each.condition), []).append(number)
    found: list[Holding | None] = [None] * len(asked)
    for (data_set, condition), numbers in groups.items():
        held = Holding.objects.of(
            agency=agency, codes=_codes(asked[number] for number in numbers), data_set=data_set
        ).published(on)
        ranked: dict[Code, tuple[int, Holding]] = {}
        for rank, holding in enumerate(held.meeting(condition).newest_first()):
            ranked.setdefault(holding.code, (rank, holding))
        for number in numbers:
            hers = [ranked[code] for code in asked[number].codes if code in ranked]
            found[number] = min(hers, key=lambda pair: pair[0])[1] if hers else None
    return found


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


def _codes(asked: Iterable[Asked]) -> list[Code]:
    return [code for each in asked for code in each.codes]
