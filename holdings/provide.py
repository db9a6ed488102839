"""The provider answers a permitted inquiry from its copies (article 22) and keeps its own record (article 23(1)).

Flags, answer and record belong to one transaction: a protection set a moment ago counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import CharField, Value

from codes.rist1 import Code
from databases import HOLDINGS
from holdings import copies
from holdings.models import ByHand, Holding, HoldingQuerySet, Protection, ProvisionCopy, Stop, WaitingQuestion
from holdings.periods import Period, legal_day

ANSWERED = "0000"
NO_RECORD = "0004"
NOT_REGISTERED = "3003"
_PROTECTED = "protected"
_BY_HAND = "by hand"
_STOPPED = "stopped"


class AnsweredBefore(Exception):
    """The provider has answered this very question before, and otherwise."""


@dataclass(frozen=True, slots=True, repr=False)
class ItemValue:
    """One item of the answer: a value, or the reason why there is none."""

    code: str
    value: str | None
    null_reason: str | None

    def __repr__(self) -> str:
        return "<ItemValue>"


@dataclass(frozen=True, slots=True, repr=False)
class Provision:
    """What the provider answered; empty unless the outcome is "0000". `copy_of` is the time that the copy is for."""

    outcome: str
    items: list[ItemValue]
    copy_of: Period | None = None

    def __repr__(self) -> str:
        return "<Provision>"


def answer(
    *,
    agency: str,
    code: Code,
    data_set: str,
    items: Sequence[str],
    condition: Period | None,
    inquirer: str,
    reference: str,
    at: datetime,
    former: Sequence[Code] = (),
    is_withheld: bool = False,
    decided_by: datetime | None = None,
    is_again: bool = False,
) -> Provision | None:
    """The provider's answer about the person whom it knows by `code`; committed with its record before it returns.

    `former` are the same person's codes of earlier epochs, while the agency's rows are brought to the present one.
    Where a stop is set (holdings.stops), or the right copy is awaited, the outcome is "3003": ask again later.
    A code of nobody finds no record, like a person of whom nothing is held. `reference` is the id of the provider's own
    record of the event. For a protected person that record does not name the inquirer.

    Where the agency does not answer automatically, the question is laid into its in-tray until `decided_by`, and there
    is no provision yet: None. A code of nobody waits there like any other.

    `is_again`: it may have been answered before, or laid there, by a process that could not pass the answer on. It is
    answered again under the record that there is; AnsweredBefore, where the copies say something else since. Raises
    IntegrityError where another process has just answered it.
    """
    on, codes = legal_day(at), [code, *former]
    with transaction.atomic(using=HOLDINGS, durable=True):
        flags = _flags(agency=agency, codes=codes, data_set=data_set, on=on)
        question = WaitingQuestion(
            id=uuid.UUID(reference),
            agency=agency,
            code=code,
            inquirer="" if _PROTECTED in flags else inquirer,
            data_set=data_set,
            items=" ".join(items),
            is_withheld=is_withheld,
            at=at.replace(microsecond=0),
        )
        if is_again and WaitingQuestion.objects.filter(id=question.id).exists():
            return None
        before = ProvisionCopy.objects.filter(id=question.id).first() if is_again else None
        if _BY_HAND in flags and decided_by is not None:
            if before is not None:
                raise AnsweredBefore  # by its copies, before it wanted to decide by hand
            period = condition or Period()
            question.fiscal_year, question.begins_on, question.ends_on = (
                period.fiscal_year,
                period.begins_on,
                period.ends_on,
            )
            question.ends_at = decided_by
            question.save(force_insert=True)
            return None
        if _STOPPED in flags:
            provision = Provision(NOT_REGISTERED, [])
        else:
            found = _newest(agency=agency, codes=codes, data_set=data_set, condition=condition, on=on)
            provision = said(found.select_for_update().first(), agency, data_set, items)
        if before is None:
            keep_record(question, provision, at=at)
        elif not _is_same(before, provision):
            raise AnsweredBefore
    return provision


def from_copies(
    *,
    agency: str,
    codes: Sequence[Code],
    data_set: str,
    items: Sequence[str],
    condition: Period | None,
    is_given: bool = False,
    at: datetime,
) -> Provision:
    """What the agency's published copies say. Nothing is recorded: see `answer`, and `holdings.waiting`.

    `is_given`: not only to look. Inside the transaction of its record, then, the copy is locked: who corrects it at the
    same time must see that it was provided, and whom to tell.
    """
    if Stop.objects.covering(agency=agency, codes=codes, data_set=data_set).exists():
        return Provision(NOT_REGISTERED, [])
    found = _newest(agency=agency, codes=codes, data_set=data_set, condition=condition, on=legal_day(at))
    return said((found.select_for_update() if is_given else found).first(), agency, data_set, items)


def keep_record(question: WaitingQuestion, provision: Provision, *, at: datetime) -> None:
    """The provider's own record (article 23(1)) of a question that is over."""
    copy_of = provision.copy_of or Period()
    ProvisionCopy.objects.create(
        id=question.id,
        agency=question.agency,
        code=question.code,
        inquirer=question.inquirer,
        data_set=question.data_set,
        items=question.items,
        outcome=provision.outcome,
        is_withheld=question.is_withheld,
        at=at.replace(microsecond=0),
        fiscal_year=copy_of.fiscal_year,
        begins_on=copy_of.begins_on,
    )


def _is_same(before: ProvisionCopy, provision: Provision) -> bool:
    copy_of = provision.copy_of or Period()
    said_before = (before.outcome, before.fiscal_year, before.begins_on)
    return said_before == (provision.outcome, copy_of.fiscal_year, copy_of.begins_on)


def keep_record_without_code(
    *, reference: str, agency: str, data_set: str, items: Sequence[str], outcome: str, is_withheld: bool, at: datetime
) -> None:
    """The provider's record where nobody here knows its code, nor, then, whether the person is protected: it names no
    inquirer. One that is there already stays as it is."""
    copy = ProvisionCopy(
        id=uuid.UUID(reference),
        agency=agency,
        data_set=data_set,
        items=" ".join(items),
        outcome=outcome,
        is_withheld=is_withheld,
        at=at.replace(microsecond=0),
    )
    ProvisionCopy.objects.bulk_create([copy], ignore_conflicts=True)


def _flags(*, agency: str, codes: Sequence[Code], data_set: str, on: date) -> set[str]:
    """What the agency has set about the person or the data set, in one statement."""
    protected = Protection.objects.of(agency=agency, codes=codes, on=on).annotate(flag=_word(_PROTECTED))
    by_hand = ByHand.objects.of(agency=agency, codes=codes, data_set=data_set).annotate(flag=_word(_BY_HAND))
    stopped = Stop.objects.covering(agency=agency, codes=codes, data_set=data_set).annotate(flag=_word(_STOPPED))
    rest = (rows.values_list("flag", flat=True) for rows in (by_hand, stopped))
    return set(protected.values_list("flag", flat=True).union(*rest))


def _word(flag: str) -> Value:
    return Value(flag, output_field=CharField())


def _newest(
    *, agency: str, codes: Sequence[Code], data_set: str, condition: Period | None, on: date
) -> HoldingQuerySet:
    held = Holding.objects.of(agency=agency, codes=codes, data_set=data_set).published(on)
    return held.meeting(condition or Period()).newest_first()


def said(found: Holding | None, agency: str, data_set: str, items: Sequence[str]) -> Provision:
    """What this copy says, or that there is none. Raises CannotOpen."""
    if found is None:
        return Provision(none_held(agency, data_set), [])
    if found.is_withdrawn:
        return Provision(
            NOT_REGISTERED, []
        )  # it was wrong, and so would be "nothing is held": the right one is awaited
    return Provision(
        ANSWERED, values_of(found, items), Period(fiscal_year=found.fiscal_year, begins_on=found.begins_on)
    )


def none_held(agency: str, data_set: str) -> str:
    """The outcome where no copy was found: whether the agency registers this kind of copy at all says nothing about the
    person."""
    registers = Holding.objects.filter(agency=agency, data_set=data_set).exists()
    return NO_RECORD if registers else NOT_REGISTERED


def values_of(found: Holding, items: Sequence[str]) -> list[ItemValue]:
    """What the copy says about each item. Raises CannotOpen."""
    held = copies.opened(found)
    return [_item(item, held.get(item, {"null_reason": "NOT_HELD"})) for item in items]


def _item(code: str, content: dict[str, str]) -> ItemValue:
    return ItemValue(code, content.get("value"), content.get("null_reason"))
