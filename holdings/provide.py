"""The provider answers a permitted inquiry from its copies (article 22) and keeps its own record (article 23(1)).

Flags, answer and record belong to one transaction: a protection set a moment ago counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from codes.rist1 import Code
from databases import HOLDINGS
from holdings import copies
from holdings.models import Holding, Protection, ProvisionCopy
from holdings.periods import Period, legal_day

ANSWERED = "0000"
NO_RECORD = "0004"
NOT_REGISTERED = "3003"


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
) -> Provision:
    """The provider's answer about the person whom it knows by `code`; committed with its record before it returns.

    `former` are the same person's codes of earlier epochs, while the agency's rows are brought to the present one.
    A code of nobody finds no record, like a person of whom nothing is held. `reference` is the id of the provider's own
    record of the event. For a protected person that record does not name the inquirer.
    """
    on, codes = legal_day(at), [code, *former]
    with transaction.atomic(using=HOLDINGS, durable=True):
        is_protected = Protection.objects.protects(agency=agency, codes=codes, on=on)
        held = Holding.objects.of(agency=agency, codes=codes, data_set=data_set).published(on)
        found = held.meeting(condition or Period()).newest_first().first()
        provision = Provision(*_content(found, agency, data_set, items))
        ProvisionCopy.objects.create(
            id=uuid.UUID(reference),
            agency=agency,
            code=code,
            inquirer="" if is_protected else inquirer,
            data_set=data_set,
            items=" ".join(items),
            outcome=provision.outcome,
            at=at.replace(microsecond=0),
        )
    return provision


def none_held(agency: str, data_set: str) -> str:
    """The outcome where no copy was found: whether the agency registers this kind of copy at all says nothing about the
    person."""
    registers = Holding.objects.filter(agency=agency, data_set=data_set).exists()
    return NO_RECORD if registers else NOT_REGISTERED


def values_of(found: Holding, items: Sequence[str]) -> list[ItemValue]:
    """What the copy says about each item. Raises CannotOpen."""
    held = copies.opened(found)
    return [_item(item, held.get(item, {"null_reason": "NOT_HELD"})) for item in items]


def _content(found: Holding | None, agency: str, data_set: str, items: Sequence[str]) -> tuple[str, list[ItemValue]]:
    return (none_held(agency, data_set), []) if found is None else (ANSWERED, values_of(found, items))


def _item(code: str, content: dict[str, str]) -> ItemValue:
    return ItemValue(code, content.get("value"), content.get("null_reason"))
