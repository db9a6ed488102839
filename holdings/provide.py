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
from holdings.models import ByHand, Holding, Protection, ProvisionCopy, WaitingQuestion
from holdings.periods import Period, legal_day

ANSWERED = "0000"
NO_RECORD = "0004"
NOT_REGISTERED = "3003"
_PROTECTED = "protected"
_BY_HAND = "by hand"


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
    """What the provider answered; empty unless the outcome is "0000"."""

    outcome: str
    items: list[ItemValue]

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
) -> Provision | None:
    """The provider's answer about the person whom it knows by `code`; committed with its record before it returns.

    `former` are the same person's codes of earlier epochs, while the agency's rows are brought to the present one.
    A code of nobody finds no record, like a person of whom nothing is held. `reference` is the id of the provider's own
    record of the event. For a protected person that record does not name the inquirer.

    Where the agency does not answer automatically, the question is laid into its in-tray until `decided_by`, and there
    is no provision yet: None. A code of nobody waits there like any other.
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
        if _BY_HAND in flags and decided_by is not None:
            period = condition or Period()
            question.fiscal_year, question.begins_on, question.ends_on = (
                period.fiscal_year,
                period.begins_on,
                period.ends_on,
            )
            question.ends_at = decided_by
            question.save(force_insert=True)
            return None
        provision = from_copies(agency=agency, codes=codes, data_set=data_set, items=items, condition=condition, at=at)
        keep_record(question, outcome=provision.outcome, at=at)
    return provision


def from_copies(
    *, agency: str, codes: Sequence[Code], data_set: str, items: Sequence[str], condition: Period | None, at: datetime
) -> Provision:
    """What the agency's published copies say. Nothing is recorded: see `answer`, and `holdings.waiting`."""
    held = Holding.objects.of(agency=agency, codes=codes, data_set=data_set).published(legal_day(at))
    found = held.meeting(condition or Period()).newest_first().first()
    return Provision(*_content(found, agency, data_set, items))


def keep_record(question: WaitingQuestion, *, outcome: str, at: datetime) -> None:
    """The provider's own record (article 23(1)) of a question that is over."""
    ProvisionCopy.objects.create(
        id=question.id,
        agency=question.agency,
        code=question.code,
        inquirer=question.inquirer,
        data_set=question.data_set,
        items=question.items,
        outcome=outcome,
        is_withheld=question.is_withheld,
        at=at.replace(microsecond=0),
    )


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
    flags = protected.values_list("flag", flat=True).union(by_hand.values_list("flag", flat=True))
    return set(flags)


def _word(flag: str) -> Value:
    return Value(flag, output_field=CharField())


def _content(found: Holding | None, agency: str, data_set: str, items: Sequence[str]) -> tuple[str, list[ItemValue]]:
    if found is None:
        # Whether the agency registers this kind of copy at all says nothing about the person.
        registers = Holding.objects.filter(agency=agency, data_set=data_set).exists()
        return (NO_RECORD if registers else NOT_REGISTERED), []
    held = copies.opened(found)
    return ANSWERED, [_item(item, held.get(item, {"null_reason": "NOT_HELD"})) for item in items]


def _item(code: str, content: dict[str, str]) -> ItemValue:
    return ItemValue(code, content.get("value"), content.get("null_reason"))
