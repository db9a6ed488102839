"""An inquiry by articles 19 to 23: what comes back, what is refused, and what is on record either way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from agencies.models import Agency
from codes import rist1
from codes.rist1 import Code, MalformedCode
from exchange import ledger
from exchange.inquiry import ItemValue, Refused
from exchange.models import AccessRecord, Leaf
from holdings.models import Protection, ProvisionCopy
from holdings.periods import Period
from tests.exchange.people import (
    CHOFU,
    DEPENDANTS,
    FIXED_ASSET_TAX,
    FUCHU,
    HANAKO,
    KENJI,
    MITAKA,
    NOW,
    PENSION,
    SALARY,
    TARO,
    TOTAL_INCOME,
    agency,
    ask,
    code_at,
    hold_income,
    portal_code,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def bodies() -> list[dict]:
    return [json.loads(leaf.body) for leaf in Leaf.objects.order_by("index")]


def test_the_income_comes_back_under_its_row_and_reference():
    hold_income(HANAKO)
    answer = ask(items=[TOTAL_INCOME, SALARY, DEPENDANTS])
    assert answer.outcome == "0000"
    assert answer.items == [
        ItemValue(TOTAL_INCOME, "4120000", None),
        ItemValue(SALARY, "5600000", None),
        ItemValue(DEPENDANTS, None, "NOT_YET_FIXED"),
    ]
    assert answer.rule.row == "I01"
    assert (answer.asked_at, answer.answered_at) == (NOW, NOW)
    event = AccessRecord.objects.first().event
    assert answer.record == ledger.reference(event, "inquirer")


def test_an_answer_leaves_two_leaves_and_the_providers_copy():
    hold_income(HANAKO)
    ask()
    asked, answered = bodies()
    assert (asked["phase"], asked["outcome"], asked["row"]) == ("ASKED", "", "I01")
    assert (answered["phase"], answered["outcome"], answered["row"]) == ("ANSWERED", "0000", "I01")
    assert asked["event"] == answered["event"]
    assert asked["at"] == "2026-11-22T01:30:15Z"
    assert (asked["inquirer"], asked["provider"], asked["items"]) == (CHOFU, MITAKA, [TOTAL_INCOME])
    copy = ProvisionCopy.objects.get()
    assert (copy.agency, copy.inquirer, copy.outcome, copy.items) == (MITAKA, CHOFU, "0000", TOTAL_INCOME)
    assert copy.code == code_at(agency(MITAKA), HANAKO)
    assert copy.at == NOW.replace(microsecond=0)


def test_both_rows_concern_the_person_and_no_one_else():
    ask(HANAKO)
    hers = ledger.subject_of(portal_code(HANAKO))
    assert [bytes(row.subject) for row in AccessRecord.objects.all()] == [hers, hers]
    assert hers != ledger.subject_of(portal_code(TARO))


def test_every_person_gets_her_own_answer():
    people = {HANAKO: 1, TARO: 2, KENJI: 3}
    for person, yen in people.items():
        hold_income(person, yen)
    assert {person: ask(person).items[0].value for person in people} == {HANAKO: "1", TARO: "2", KENJI: "3"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"affair": "JM90000000000004", "data_set": "TM90000000000011"}, "2001"),
        ({"affair": "JM99999999999999"}, "2001"),
        ({"data_set": "TM99999999999999"}, "2001"),
        ({"items": [TOTAL_INCOME, FIXED_ASSET_TAX]}, "2003"),
        ({"items": ["0299999999"]}, "2003"),
        ({"items": []}, "2003"),
    ],
)
def test_what_the_table_does_not_permit_is_refused_and_on_record(changes, code):
    hold_income(HANAKO)
    with pytest.raises(Refused) as refusal:
        ask(**changes)
    assert refusal.value.code == code
    (record,) = AccessRecord.objects.all()
    assert (record.phase, bytes(record.subject)) == ("REFUSED", ledger.subject_of(portal_code(HANAKO)))
    assert refusal.value.record == ledger.reference(record.event, "inquirer")
    assert (bodies()[0]["outcome"], bodies()[0]["row"]) == (code, "")
    assert not ProvisionCopy.objects.exists()


def test_an_agency_cannot_ask_itself():
    with pytest.raises(Refused) as refusal:
        ask(inquirer=agency(MITAKA))
    assert refusal.value.code == "2001"


def test_an_agency_of_another_kind_has_other_rows():
    with pytest.raises(Refused) as refusal:
        ask(inquirer=agency(PENSION))
    assert refusal.value.code == "2001"
    assert ask(inquirer=agency(PENSION), affair="JM90000000000014").rule.row == "I14a"


@pytest.mark.parametrize("side", [CHOFU, MITAKA])
def test_a_missing_assessment_of_either_side_refuses(side):
    for until in (None, date(2026, 11, 21)):
        Agency.objects.filter(local_code=side).update(assessment_until=until)
        with pytest.raises(Refused) as refusal:
            ask()
        assert refusal.value.code == "2002"
    Agency.objects.filter(local_code=side).update(assessment_until=date(2026, 11, 22))
    assert ask().outcome == "3003"


def test_words_of_the_caller_never_reach_the_log():
    """A leaf is never deleted, so what no table knows must not get into it."""
    with pytest.raises(Refused):
        ask(affair="山田 花子", data_set="123456789018", items=["花子"])
    (body,) = bodies()
    assert (body["affair"], body["data_set"], body["items"]) == ("", "", [])
    assert "花子" not in Leaf.objects.get().body


def test_a_code_of_nobody_looks_exactly_like_no_record():
    hold_income(KENJI)  # so that Mitaka registers local tax at all
    known_without_record = ask(HANAKO)
    nobody = ask(code=Code(rist1.person_point(b"nobody".ljust(32)), 1))
    assert (nobody.outcome, nobody.items, nobody.rule) == ("0004", [], known_without_record.rule)
    assert (known_without_record.outcome, known_without_record.items) == ("0004", [])
    first, second = bodies()[:2], bodies()[2:]
    varying = {"id", "event", "side_hash"}
    for left, right in zip(first, second, strict=True):
        assert {k: v for k, v in left.items() if k not in varying} == {
            k: v for k, v in right.items() if k not in varying
        }
    assert [copy.outcome for copy in ProvisionCopy.objects.all()] == ["0004", "0004"]


def test_nobody_and_no_record_take_the_same_queries():
    hold_income(KENJI)
    ask(KENJI)
    inquirer, known = agency(CHOFU), code_at(agency(CHOFU), HANAKO)
    counts = []
    for code in (known, Code(rist1.person_point(b"nobody".ljust(32)), 1)):
        with (
            CaptureQueriesContext(connections["exchange"]) as exchange,
            CaptureQueriesContext(connections["holdings"]) as held,
        ):
            assert ask(inquirer=inquirer, code=code).outcome == "0004"
        counts.append((len(exchange), len(held)))
    assert counts[0] == counts[1]


def test_an_agency_that_registered_no_such_copies_says_so():
    assert ask().outcome == "3003"


def test_another_year_is_no_record():
    hold_income(HANAKO, year=2025)
    assert ask().outcome == "0004"
    assert ask(condition=Period(fiscal_year=2025)).outcome == "0000"
    assert ask(condition=None).outcome == "0000"


def test_a_malformed_code_leaves_nothing_behind():
    for value in (bytes(32), b"\xff" * 32, b"short"):
        with pytest.raises(MalformedCode):
            ask(code=Code(value, 1))
    assert not Leaf.objects.exists()


def test_a_code_of_another_epoch_is_malformed():
    code = code_at(agency(CHOFU), HANAKO)
    with pytest.raises(MalformedCode) as refusal:
        ask(code=Code(code.value, 2))
    assert "epoch" in str(refusal.value)
    assert not Leaf.objects.exists()


def test_a_code_of_another_agency_is_a_code_of_nobody():
    hold_income(KENJI)
    hold_income(HANAKO)
    ask(KENJI)
    assert ask(code=code_at(agency(FUCHU), HANAKO)).outcome == "0004"


def test_a_protected_persons_provider_copy_names_no_inquirer():
    hold_income(HANAKO)
    Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
    assert ask().outcome == "0000"
    assert ProvisionCopy.objects.get().inquirer == ""
    assert bodies()[0]["inquirer"] == CHOFU


def test_protection_lasts_through_its_last_day_in_japan():
    hold_income(HANAKO)
    Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO), until=date(2026, 11, 22))
    last_minute = datetime(2026, 11, 22, 14, 59, tzinfo=UTC)
    ask(at=last_minute)
    ask(at=last_minute + timedelta(minutes=1))
    assert [copy.inquirer for copy in ProvisionCopy.objects.order_by("at")] == ["", CHOFU]


def test_no_value_of_the_exchange_stands_in_holdings_or_in_the_answer():
    """Two stolen copies of one event must not join: each party knows it under another id."""
    hold_income(HANAKO)
    answer = ask()
    values = {json.loads(leaf.body)[key] for leaf in Leaf.objects.all() for key in ("id", "event", "side_hash")}
    values |= {str(row.event) for row in AccessRecord.objects.all()}
    values |= {bytes(row.subject).hex() for row in AccessRecord.objects.all()}
    theirs = {str(ProvisionCopy.objects.get().id), answer.record}
    assert len(theirs) == 2
    assert not values & theirs


def test_nothing_shows_in_repr():
    hold_income(HANAKO)
    answer = ask()
    shown = repr(answer) + repr(answer.items) + repr(Leaf.objects.all()) + repr(AccessRecord.objects.all())
    assert "4120000" not in shown
    assert answer.record not in shown
