"""An agency asks for another's affair only where that is on record, and both stand in the person's list."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from django.utils import translation

from agencies.models import Agency
from exchange import delegation, ledger, reconciliation, records
from exchange.inquiry import Refused
from exchange.models import Leaf
from exchange.repeats import ReferenceTaken
from holdings import inquirer_copies
from portal import sentences
from tests.exchange.people import CHOFU, FUCHU, HANAKO, KENJI, MITAKA, NOW, TOKYO, agency, hold_income, portal_code
from tests.exchange.people import ask as ask_about
from tests.exchange.waiting import TOO_LATE
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]
DISASTER = {"affair": "JM90000000000019", "data_set": "TM00000000000001", "items": ["0100000040"]}


def ask(**changes):
    return ask_about(**{**DISASTER, "on_behalf_of": agency(TOKYO), "condition": None, **changes})


def test_the_permission_is_the_delegators_and_the_record_names_both():
    with pytest.raises(Refused):
        ask(on_behalf_of=None)
    answer = ask()
    assert (answer.rule.row, answer.outcome) == ("I19", "3003")
    bodies = [json.loads(leaf.body) for leaf in Leaf.objects.order_by("index")][1:]
    assert [(body["inquirer"], body["on_behalf_of"], body["phase"]) for body in bodies] == [
        (CHOFU, TOKYO, "ASKED"),
        (CHOFU, TOKYO, "ANSWERED"),
    ]
    own = inquirer_copies.own(agency=CHOFU, reference=answer.record)
    assert own is not None
    assert own["on_behalf_of"] == TOKYO
    found = ledger.recall(ledger.event_of(answer.record, ledger.INQUIRER))
    assert found is not None
    assert found.event.on_behalf_of == agency(TOKYO)
    assert list(reconciliation.differences(since=NOW.replace(hour=0), until=TOO_LATE)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"inquirer": FUCHU}, "2001"),
        ({"on_behalf_of": FUCHU}, "2001"),
        ({"affair": "JM90000000000004"}, "2001"),
        ({"provider": CHOFU}, "2001"),
        ({"provider": TOKYO}, "2001"),
        ({"items": ["0100000010"]}, "2003"),
    ],
)
def test_without_a_delegation_or_beyond_it_it_is_refused_on_record(changes, code):
    named = {name: agency(value) if isinstance(value, str) and len(value) == 6 else value
             for name, value in changes.items()}  # fmt: skip
    with pytest.raises(Refused) as refusal:
        ask(**named)
    assert refusal.value.code == code
    assert json.loads(Leaf.objects.get().body)["phase"] == "REFUSED"


@pytest.mark.parametrize("side", [CHOFU, TOKYO, MITAKA])
def test_each_of_the_three_is_assessed(side):
    Agency.objects.filter(local_code=side).update(assessment_until=None)
    with pytest.raises(Refused) as refusal:
        ask()
    assert refusal.value.code == "2002"


@pytest.mark.parametrize(("first", "last", "holds"), [(22, 22, True), (23, None, False), (1, 21, False)])
def test_a_delegation_holds_for_its_days(monkeypatch, first, last, holds):
    [row] = delegation.delegations()
    valid_to = date(2026, 11, last) if last else None
    monkeypatch.setattr(
        delegation, "delegations", lambda: [replace(row, valid_from=date(2026, 11, first), valid_to=valid_to)]
    )
    if holds:
        assert ask().outcome == "3003"
    else:
        with pytest.raises(Refused):
            ask()


def test_another_delegator_is_other_content():
    ask(reference="CA-1")
    with pytest.raises(ReferenceTaken):
        ask(reference="CA-1", on_behalf_of=None)


def test_the_person_reads_both_names():
    hold_income(KENJI)
    answer = ask()
    record = records.one(portal_code=portal_code(HANAKO), reference=answer.record, at=NOW)
    assert record is not None
    with translation.override("en"):
        said = sentences.line_of(record).sentence
    assert said.startswith("Chofu City, on behalf of Tokyo Metropolis, asked Mitaka City about")
