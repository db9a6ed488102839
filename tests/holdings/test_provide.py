"""The provider answers from its copies, in one transaction with its flags and its own record."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError

from codes import rist1
from codes.rist1 import Code
from holdings import copies, provide
from holdings.models import Holding, Protection, ProvisionCopy
from holdings.periods import Period
from tests.support import DATABASES

pytestmark = DATABASES
NOW = datetime(2026, 11, 22, 1, 30, 15, 999999, tzinfo=UTC)
HANAKO, KENJI = (Code(rist1.person_point(bytes([n]) * 32), 1) for n in (1, 2))
LOCAL_TAX, TOTAL_INCOME, SALARY = "TM00000000000002", "0200000010", "0200000020"


def hold(yen: str, code: Code = HANAKO, **changes) -> Holding:
    facts = {"agency": "132047", "code": code, "data_set": LOCAL_TAX, "at": NOW}
    return copies.register(**{**facts, "items": {TOTAL_INCOME: {"value": yen}}, **changes})


def answer(**changes) -> provide.Provision:
    question = {
        "agency": "132047", "code": HANAKO, "data_set": LOCAL_TAX, "items": [TOTAL_INCOME], "condition": None,
        "inquirer": "132080", "reference": str(uuid.uuid4()), "at": NOW,
    }  # fmt: skip
    return provide.answer(**{**question, **changes})


def value(**changes) -> str | None:
    provision = answer(**changes)
    return provision.items[0].value if provision.items else None


def test_exactly_the_items_asked_for_in_their_order():
    hold("1", items={TOTAL_INCOME: {"value": "1"}, "0200000030": {"value": "2"}})
    provision = answer(items=["0200000030", SALARY])
    assert [(item.code, item.value, item.null_reason) for item in provision.items] == [
        ("0200000030", "2", None),
        (SALARY, None, "NOT_HELD"),
    ]


def test_a_copy_is_its_persons_its_agencys_and_its_data_sets():
    hold("1")
    hold("2", KENJI)
    hold("3", agency="132063")
    assert (value(), value(code=KENJI), value(agency="132063")) == ("1", "2", "3")
    assert answer(data_set="TM00000000000001").outcome == "3003"
    assert answer(agency="130001").outcome == "3003"
    assert answer(code=Code(HANAKO.value, 2)).outcome == "0004"


def test_by_fiscal_year():
    hold("2025", period=Period(fiscal_year=2025))
    hold("2026", period=Period(fiscal_year=2026))
    assert (value(condition=Period(fiscal_year=2025)), value(condition=Period(fiscal_year=2027))) == ("2025", None)
    assert value() == "2026"


def test_by_day_and_by_period():
    hold("old", period=Period(begins_on=date(2024, 2, 10), ends_on=date(2026, 5, 31)))
    hold("new", period=Period(begins_on=date(2026, 6, 1)))
    assert value(condition=Period.on(date(2024, 2, 9))) is None
    assert value(condition=Period.on(date(2024, 2, 10))) == "old"
    assert value(condition=Period.on(date(2026, 5, 31))) == "old"
    assert value(condition=Period.on(date(2026, 6, 1))) == "new"
    assert value(condition=Period(begins_on=date(2026, 5, 1), ends_on=date(2026, 5, 2))) == "old"
    assert value(condition=Period(begins_on=date(2026, 5, 1), ends_on=date(2026, 7, 2))) == "new"
    assert value(condition=Period(ends_on=date(2024, 2, 10))) == "old"
    assert value() == "new"


def test_only_while_published():
    hold("1", published_from=date(2026, 11, 22), published_to=date(2026, 11, 23))
    days = [datetime(2026, 11, 21, 14, 59, tzinfo=UTC), NOW, datetime(2026, 11, 23, 15, 0, tzinfo=UTC)]
    assert [answer(at=day).outcome for day in days] == ["0004", "0000", "0004"]


def test_its_own_record_is_written_whatever_the_outcome():
    answer()
    hold("1")
    answer()
    answer(code=KENJI)
    copies_made = ProvisionCopy.objects.all()
    assert sorted(copy.outcome for copy in copies_made) == ["0000", "0004", "3003"]
    assert {copy.at.microsecond for copy in copies_made} == {0}
    assert {copy.inquirer for copy in copies_made} == {"132080"}
    assert repr(copies_made[0]) == "<ProvisionCopy>"


def test_without_its_record_there_is_no_answer(monkeypatch):
    hold("1")
    reference = str(uuid.uuid4())
    answer(reference=reference)
    with pytest.raises(DatabaseError):
        answer(reference=reference)


def test_a_protected_persons_record_names_no_inquirer():
    hold("1")
    Protection.objects.create(agency="132047", code=HANAKO)
    Protection.objects.create(agency="132063", code=KENJI)
    answer()
    answer(code=KENJI)
    assert {copy.code: copy.inquirer for copy in ProvisionCopy.objects.all()} == {HANAKO: "", KENJI: "132080"}


def test_where_the_flags_cannot_be_read_nothing_is_answered(monkeypatch):
    """Fail closed: no flag, no answer, no record that names anyone."""
    hold("1")

    def broken(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr("holdings.models.ProtectionQuerySet.of", broken)
    with pytest.raises(DatabaseError):
        answer()
    assert not ProvisionCopy.objects.exists()


def test_nothing_shows_in_repr():
    hold("4120000")
    assert repr(answer()) + repr(answer().items) == "<Provision>[<ItemValue>]"
