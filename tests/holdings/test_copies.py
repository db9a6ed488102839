"""An agency's copies: sealed for it, one per person, data set and period."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from codes import rist1
from codes.rist1 import Code
from holdings import copies
from holdings.copies import MalformedCopy
from holdings.models import Holding
from holdings.periods import Period
from keys.sealing import CannotOpen
from tests.support import DATABASES

pytestmark = DATABASES
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
HANAKO = Code(rist1.person_point(bytes(32)), 1)
ITEMS = {"0200000010": {"value": "4120000"}, "0200000020": {"null_reason": "NOT_HELD"}}


def register(**changes) -> Holding:
    facts = {
        "agency": "132047", "code": HANAKO, "data_set": "TM00000000000002", "items": ITEMS,
        "period": Period(fiscal_year=2026), "at": NOW,
    }  # fmt: skip
    return copies.register(**{**facts, **changes})


def test_what_was_registered_opens():
    assert copies.opened(register()) == ITEMS
    assert copies.opened(Holding.objects.get()) == ITEMS


def test_the_row_does_not_show_it():
    register()
    assert b"4120000" not in bytes(Holding.objects.get().payload_sealed)
    assert repr(Holding.objects.get()) == "<Holding>"


def test_registering_again_replaces_the_copy_of_that_period_only():
    register()
    register(items={"0200000010": {"value": "1"}})
    register(period=Period(fiscal_year=2025))
    register(period=None)
    register(period=None)
    register(period=Period(begins_on=date(2026, 4, 1)))
    register(period=Period(begins_on=date(2026, 4, 1), ends_on=date(2026, 9, 30)))
    assert Holding.objects.count() == 4
    assert copies.opened(Holding.objects.get(fiscal_year=2026))["0200000010"] == {"value": "1"}
    assert Holding.objects.get(begins_on=date(2026, 4, 1)).ends_on == date(2026, 9, 30)


def test_one_copy_per_period_even_without_the_act():
    first = register(period=None)
    with pytest.raises(DatabaseError), transaction.atomic(using="holdings"):
        Holding.objects.create(
            agency=first.agency,
            code=HANAKO,
            data_set=first.data_set,
            payload_sealed=b"",
            published_from=date(2026, 1, 1),
        )


def test_a_period_runs_forward():
    with pytest.raises(ValueError):
        Period(begins_on=date(2026, 4, 2), ends_on=date(2026, 4, 1))
    register(period=Period.on(date(2026, 4, 2)))
    with pytest.raises(DatabaseError), transaction.atomic(using="holdings"):
        Holding.objects.update(ends_on=date(2026, 4, 1))


def test_two_at_once_leave_one_copy_and_no_message_with_the_code(monkeypatch):
    """The second looks before the first has written, and inserts after."""
    register()
    original, blind = QuerySet.first, [True]
    monkeypatch.setattr(QuerySet, "first", lambda query: None if blind and blind.pop() else original(query))
    register(items={"0200000010": {"value": "2"}})
    assert copies.opened(Holding.objects.get())["0200000010"] == {"value": "2"}


@pytest.mark.parametrize(
    "content",
    [{}, {"value": "1", "null_reason": "NOT_HELD"}, {"null_reason": "because"}, {"null_reason": ""}, {"x": "1"}],
)
def test_absence_needs_a_reason_from_the_list(content):
    with pytest.raises(MalformedCopy):
        register(items={"0200000010": content})
    assert not Holding.objects.exists()


def test_a_payload_moved_to_another_row_agency_or_data_set_does_not_open():
    register()
    other = register(period=Period(fiscal_year=2025))
    holding = Holding.objects.get(fiscal_year=2026)
    holding.payload_sealed = other.payload_sealed
    with pytest.raises(CannotOpen):
        copies.opened(holding)
    for change in ({"agency": "132063"}, {"data_set": "TM00000000000001"}):
        Holding.objects.filter(fiscal_year=2026).update(**change)
        with pytest.raises(CannotOpen):
            copies.opened(Holding.objects.get(fiscal_year=2026))


def test_publication_begins_on_the_day_in_japan():
    register(at=datetime(2026, 11, 22, 15, 0, tzinfo=UTC))
    assert Holding.objects.get().published_from == date(2026, 11, 23)
