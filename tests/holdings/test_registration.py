"""Agencies hand in copies: all or none, the same again changes nothing, and what was wrong leaves notices."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings import copies, layout, provide, registration
from holdings.models import Holding, ProvisionCopy, RecallNotice, Registration, Run, Withdrawal
from holdings.periods import Period
from holdings.registration import LayoutNotSupported, NotRegistered, ReferenceTaken, Registered
from tests.holdings.kept import (
    CHOFU,
    FORMER_HANAKO,
    HANAKO,
    KENJI,
    LOCAL_TAX,
    MITAKA,
    NOW,
    SALARY,
    TARO,
    TOTAL_INCOME,
    copy,
    items_of,
    register,
    tax,
)
from tests.support import DATABASES

pytestmark = DATABASES
CORRECTION, CHANGE = Run.Kind.CORRECTION, Run.Kind.CHANGE


def answer(code=HANAKO, items=(TOTAL_INCOME,), **changes) -> provide.Provision:
    question = {
        "agency": MITAKA, "code": code, "data_set": LOCAL_TAX, "items": list(items), "condition": None,
        "inquirer": CHOFU, "reference": str(uuid.uuid4()), "at": NOW,
    }  # fmt: skip
    return provide.answer(**{**question, **changes})


def income(**changes) -> str | None:
    provision = answer(**changes)
    return provision.items[0].value if provision.items else None


def withdraw(**changes) -> bool:
    facts = {
        "agency": MITAKA, "codes": [HANAKO], "data_set": LOCAL_TAX, "period": Period(fiscal_year=2026),
        "reason": Withdrawal.WRONG_PERSON, "at": NOW,
    }  # fmt: skip
    return registration.withdraw(**{**facts, **changes})


def faults(*handed_in) -> list[tuple[int, str]]:
    with pytest.raises(NotRegistered) as refusal:
        register(*handed_in)
    assert "花子" not in str(refusal.value.faults)
    assert not Holding.objects.exists()
    assert not Run.objects.exists()
    return [(fault.line, fault.field) for fault in refusal.value.faults]


@pytest.mark.parametrize("each", layout.all_layouts().values(), ids=lambda each: each.data_set)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_what_is_handed_in_by_its_layout_is_what_is_answered(each, data):
    items = data.draw(items_of(each))
    reference = uuid.uuid4().hex
    register(copy(data_set=each.data_set, items=items, reference=reference, layout_version=each.version), kind=CHANGE)
    provision = answer(data_set=each.data_set, items=list(items))
    assert {
        item.code: {"value": item.value} if item.null_reason is None else {"null_reason": item.null_reason}
        for item in provision.items
    } == items
    assert Holding.objects.get().layout_version == each.version


def test_a_run_is_counted_and_says_what_it_wrote():
    assert register(copy(), copy(codes=(TARO,), reference="T-2")) == Registered(1, 2, 0)
    assert register(copy("5", reference="T-3"), copy(codes=(TARO,), reference="T-4"), kind=CHANGE) == Registered(
        2, 1, 1
    )
    assert register(copy("9", reference="C-1"), agency=CHOFU) == Registered(1, 1, 0)
    assert [(run.agency, run.number, run.kind) for run in Run.objects.order_by("pk")] == [
        (MITAKA, 1, "INITIAL"),
        (MITAKA, 2, "CHANGE"),
        (CHOFU, 1, "INITIAL"),
    ]
    assert {row.code: row.run for row in Holding.objects.filter(agency=MITAKA)} == {HANAKO: 2, TARO: 1}
    assert income() == "5"


def test_the_same_again_changes_nothing():
    first = [copy(), copy(codes=(TARO,), reference="T-2")]
    register(*first)
    before = list(Holding.objects.order_by("pk").values())
    later = NOW + timedelta(days=30)
    assert register(*first, at=later) == Registered(1, 0, 2)
    assert register(*reversed(first), kind=CHANGE, at=later) == Registered(1, 0, 2)
    assert list(Holding.objects.order_by("pk").values()) == before
    assert Run.objects.count() == 1


def test_a_late_repeat_does_not_undo_what_was_corrected_since():
    register(copy("1"))
    register(copy("2", reference="T-2"), kind=CORRECTION)
    assert register(copy("1")) == Registered(2, 0, 1)
    assert income() == "2"
    withdraw()
    assert [register(copy("1")), register(copy("2", reference="T-2"))] == [Registered(3, 0, 1)] * 2
    assert answer().outcome == "0004"


@pytest.mark.parametrize(
    "change",
    [
        {"items": tax("2")}, {"codes": (TARO,)}, {"data_set": "TM90000000000004"}, {"period": Period(fiscal_year=2025)},
        {"published_to": date(2027, 3, 31)}, {"published_from": date(2026, 1, 1)},
    ],
)  # fmt: skip
def test_something_else_under_the_same_reference_is_refused(change):
    register(copy())
    other = replace(copy(), **change)
    if "data_set" in change:
        other = replace(other, items={"0400000010": {"value": "x"}, "0400000020": {"value": "1"}})
    with pytest.raises(ReferenceTaken) as refusal:
        register(copy("7", codes=(KENJI,), reference="T-9"), other)
    assert [(fault.line, fault.field) for fault in refusal.value.faults] == [(1, "reference")]
    assert Holding.objects.count() == 1


def test_one_agencys_references_are_not_anothers():
    register(copy("1"))
    assert register(copy("2"), agency=CHOFU) == Registered(1, 1, 0)
    assert [income(), income(agency=CHOFU)] == ["1", "2"]
    assert set(Registration.objects.values_list("agency", flat=True)) == {MITAKA, CHOFU}
    assert not {"T-1"} & set(Registration.objects.values_list("reference", flat=True))


def test_one_bad_line_and_none_is_registered_with_every_fault_named():
    good, bad = copy(), copy("山田花子", codes=(TARO,), reference="T-2")
    assert faults(good, bad, copy(codes=(KENJI,), items={}, reference="T-3")) == [
        (1, f"items.{TOTAL_INCOME}"),
        (2, "items"),
    ]
    assert faults(good, copy(codes=(TARO,))) == [(0, "reference"), (1, "reference")]
    assert faults(good, copy("5", reference="T-2")) == [(0, "period"), (1, "period")]
    assert faults(copy(published_to=date(2026, 11, 21))) == [(0, "publication")]


def test_a_layout_that_is_not_in_force_is_not_supported():
    with pytest.raises(LayoutNotSupported) as refusal:
        register(copy(), copy(layout_version=2, codes=(TARO,), reference="T-2"))
    assert (refusal.value.outcome, [fault[:2] for fault in refusal.value.faults]) == ("3004", [(1, "layout_version")])
    with pytest.raises(LayoutNotSupported):
        register(copy(), at=datetime(2024, 5, 26, 14, 59, tzinfo=UTC))
    with pytest.raises(LayoutNotSupported):
        register(copy(data_set="TM90000000000092"))


def test_a_new_layout_replaces_and_says_so(monkeypatch):
    register(copy())
    first = layout.all_layouts()[LOCAL_TAX, 1]
    known = layout.all_layouts() | {(LOCAL_TAX, 2): replace(first, version=2)}
    monkeypatch.setattr(layout, "all_layouts", lambda: known)
    assert register(copy(layout_version=2, reference="T-2"), kind=Run.Kind.RE_REGISTRATION).registered == 1
    assert Holding.objects.get().layout_version == 2


def test_publication_stays_as_it_was_unless_it_is_said():
    register(copy(published_from=date(2026, 1, 1)))
    register(copy("2", reference="T-2", published_to=date(2027, 3, 31)), kind=CHANGE)
    row = Holding.objects.get()
    assert (row.published_from, row.published_to) == (date(2026, 1, 1), date(2027, 3, 31))
    register(copy(codes=(TARO,), reference="T-3"))
    assert Holding.objects.get(code=TARO).published_from == date(2026, 11, 22)


def test_a_copy_under_a_former_code_is_replaced_and_not_doubled():
    register(copy("1", codes=(FORMER_HANAKO,)))
    register(copy("2", codes=(HANAKO, FORMER_HANAKO), reference="T-2"), kind=CHANGE)
    row = Holding.objects.get()
    assert (row.code, copies.opened(row)[TOTAL_INCOME]) == (HANAKO, {"value": "2"})
    assert register(copy("1", codes=(HANAKO, FORMER_HANAKO))) == Registered(2, 0, 1), "a repeat of the first one"


def test_a_failure_in_the_middle_leaves_nothing(monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(registration, "_notify", broken)
    with pytest.raises(DatabaseError):
        register(copy())
    assert [model.objects.count() for model in (Holding, Registration, Run)] == [0, 0, 0]


# --- withdrawals ---


def test_a_withdrawn_copy_is_erased_and_not_provided():
    register(copy("1", period=Period(fiscal_year=2025)), copy("2", reference="T-2"))
    assert withdraw() is True
    assert withdraw() is False
    row = Holding.objects.get(fiscal_year=2026)
    assert (bytes(row.payload_sealed), row.withdrawn_reason, row.withdrawn_at.microsecond) == (b"", "WRONG_PERSON", 0)
    assert answer(condition=Period(fiscal_year=2026)).outcome == "0004"
    assert income() == "1"
    assert [run.kind for run in Run.objects.order_by("number")] == ["INITIAL", "DELETION"]


def test_where_the_right_one_is_awaited_nothing_older_stands_in_for_it():
    register(copy("1", period=Period(fiscal_year=2025)), copy("2", reference="T-2"))
    withdraw(reason=Withdrawal.WRONG_CONTENT)
    assert [answer().outcome, answer(condition=Period(fiscal_year=2026)).outcome] == ["3003", "3003"]
    assert income(condition=Period(fiscal_year=2025)) == "1"
    register(copy("3", reference="T-3"), kind=CORRECTION)
    assert income() == "3"
    assert Holding.objects.count() == 2


def test_there_is_nothing_to_withdraw_of_another_agency_person_data_set_or_time():
    register(copy())
    others = [
        {"agency": CHOFU}, {"codes": [TARO]}, {"data_set": "TM00000000000001"}, {"period": Period()},
        {"period": Period(fiscal_year=2025)},
    ]  # fmt: skip
    assert [withdraw(**other) for other in others] == [False] * len(others)
    assert income() == "4120000"


def test_a_withdrawal_has_a_reason_even_without_the_act():
    register(copy())
    for change in ({"withdrawn_at": NOW}, {"withdrawn_reason": "WRONG_PERSON"}):
        with pytest.raises(DatabaseError), transaction.atomic(using="holdings"):
            Holding.objects.update(**change)


# --- notices of what was provided and wrong ---


def told() -> list[tuple[str, str]]:
    """(inquirer, reason) of each notice, by the provision that it is about."""
    by = {row.pk: row.inquirer for row in ProvisionCopy.objects.all()}
    return sorted((by[notice.provision], notice.reason) for notice in RecallNotice.objects.all())


def test_a_correction_leaves_a_notice_for_who_got_what_was_wrong():
    register(
        copy("1", items=tax("1") | {SALARY: {"value": "5"}}), copy("9", period=Period(fiscal_year=2025), reference="x")
    )
    answer(inquirer="130001")
    answer(inquirer="130002", items=[SALARY])
    answer(inquirer="130003", condition=Period(fiscal_year=2025))
    answer(inquirer="130004", code=KENJI)
    register(copy("8", codes=(KENJI,), reference="K"))
    register(copy("2", items=tax("2") | {SALARY: {"value": "5"}}, reference="T-2"), kind=CORRECTION)
    assert told() == [("130001", "CORRECTED")]
    register(copy("2", items=tax("2") | {SALARY: {"value": "5"}}, reference="T-3"), kind=CORRECTION)
    assert told() == [("130001", "CORRECTED")], "nothing changed"


def test_a_change_of_the_facts_leaves_none():
    register(copy("1"))
    answer()
    register(copy("2", reference="T-2"), kind=CHANGE)
    assert told() == []


def test_a_withdrawal_leaves_one_for_everyone_who_got_it():
    register(copy("1"), copy("3", codes=(TARO,), reference="T-2"))
    answer(inquirer="130001")
    answer(inquirer="130002", items=[SALARY])
    answer(inquirer="130003", code=TARO)
    withdraw()
    assert told() == [("130001", "WRONG_PERSON"), ("130002", "WRONG_PERSON")]
    answer(inquirer="130009")
    register(copy("4", reference="T-3"), kind=CORRECTION)
    assert len(told()) == 2, "who was told of the withdrawal is not told again"


def test_who_got_it_under_a_former_code_is_told_too():
    register(copy("1", codes=(FORMER_HANAKO,)))
    answer(code=FORMER_HANAKO, inquirer="130001")
    register(copy("2", codes=(HANAKO, FORMER_HANAKO), reference="T-2"), kind=CORRECTION)
    answer(code=HANAKO, former=[FORMER_HANAKO], inquirer="130002")
    withdraw(codes=[HANAKO, FORMER_HANAKO])
    assert told() == [("130001", "CORRECTED"), ("130001", "WRONG_PERSON"), ("130002", "WRONG_PERSON")]


def test_nothing_shows_in_repr():
    register(copy())
    answer()
    withdraw()
    shown = [copy(), Registration.objects.get(), RecallNotice.objects.get()]
    assert repr(shown) == "[<Copy>, <Registration>, <RecallNotice>]"
