"""The portal asks for the person herself, by the same road and on the same record."""

from __future__ import annotations

import pytest

from codes.rist1 import Code, MalformedCode
from exchange import decisions, self_inquiry, statute
from exchange.inquiry import Refused
from exchange.models import AccessRecord, Kind, Leaf
from holdings.models import ProvisionCopy
from tests.exchange.people import HANAKO, KENJI, LOCAL_TAX, MITAKA, NOW, TAX, agency, hold_income, portal_code
from tests.exchange.waiting import LATER, by_hand, reference
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def ask(person=HANAKO, **changes):
    question = {"portal_code": portal_code(person), "provider": agency(MITAKA), "data_set": LOCAL_TAX, "at": NOW}
    return self_inquiry.ask(**{**question, **changes})


def test_all_items_of_the_row_come_back():
    hold_income(HANAKO)
    answer = ask()
    assert answer.outcome == "0000"
    assert [item.code for item in answer.items] == list(answer.rule.items)
    assert (answer.items[0].value, answer.items[-1].null_reason) == ("4120000", "NOT_HELD")


def test_it_is_on_record_at_both_sides():
    ask()
    assert [(row.kind, row.phase) for row in AccessRecord.objects.order_by("leaf")] == [
        (Kind.SELF, "ASKED"),
        (Kind.SELF, "ANSWERED"),
    ]
    assert ProvisionCopy.objects.get().inquirer == "900043"


def test_she_gets_no_one_elses():
    hold_income(KENJI)
    assert ask().outcome == "0004"


def test_a_provider_without_a_row_is_refused_on_record():
    with pytest.raises(Refused) as refusal:
        ask(provider=agency(TAX))
    assert refusal.value.code == "2001"
    assert AccessRecord.objects.get().phase == "REFUSED"


def test_a_malformed_code_or_one_of_another_epoch_leaves_nothing():
    for code in (Code(bytes(32), 1), Code(portal_code(HANAKO).value, 9)):
        with pytest.raises(MalformedCode):
            ask(portal_code=code)
    assert not Leaf.objects.exists()


def test_every_provider_and_data_set_has_one_row():
    rows = [rule for rule in statute.rules().values() if rule.kind == Kind.SELF]
    grounds = {(rule.provider_kind, rule.data_set.code) for rule in rows}
    assert len(grounds) == len(rows) == 13
    assert {rule.affair.code for rule in rows} == {self_inquiry.AFFAIR}


def test_asking_again_comes_back_for_what_waits():
    hold_income(HANAKO)
    by_hand()
    first = ask()
    assert (first.outcome, first.items) == ("0109", [])
    assert ask(at=LATER).record == first.record
    assert ask(KENJI).outcome == "0004"
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    fetched = ask(at=LATER)
    assert (fetched.record, fetched.outcome, fetched.items[0].value) == (first.record, "0000", "4120000")
    assert AccessRecord.objects.filter(phase="ASKED").count() == 2
    assert ask(at=LATER).record != first.record
