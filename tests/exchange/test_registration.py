"""An agency's own copies, of its own data sets, under its own codes of whatever epoch."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agencies.models import Agency
from codes.rist1 import Code
from exchange import checks, epochs, recalls, registration, statute
from exchange.registration import HandedIn, NotTheProvider
from holdings import layout
from holdings.models import Holding, Run, Stop, Withdrawal
from holdings.periods import Period
from holdings.registration import NotRegistered, Registered
from tests import committed
from tests.committed import ENGINES, migrated_var
from tests.exchange.people import (
    CHOFU,
    HANAKO,
    KENJI,
    LOCAL_TAX,
    MITAKA,
    NOW,
    PENSION,
    TARO,
    TOTAL_INCOME,
    agency,
    ask,
    code_at,
)
from tests.holdings.kept import tax
from tests.support import DATABASES, scaled

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]
LATER = datetime(2026, 11, 25, tzinfo=UTC)


def handed_in(person: bytes = HANAKO, income: str = "4120000", *, at_agency: str = MITAKA, **changes) -> HandedIn:
    facts = {
        "data_set": LOCAL_TAX, "layout_version": 1, "items": tax(income), "reference": f"{person[0]}-1",
        "period": Period(fiscal_year=2026),
    }  # fmt: skip
    code = changes.pop("code", None) or code_at(agency(at_agency), person)
    return HandedIn(code=code, **{**facts, **changes})


def register(*lines: HandedIn, by: str = MITAKA, kind: str = Run.Kind.INITIAL, at: datetime = NOW) -> Registered:
    return registration.register(agency=agency(by), kind=kind, handed_in=lines, at=at)


def withdraw(person: bytes = HANAKO, *, by: str = MITAKA, **changes) -> bool:
    facts = {
        "code": code_at(agency(by), person), "data_set": LOCAL_TAX, "period": Period(fiscal_year=2026),
        "reason": Withdrawal.WRONG_PERSON, "at": LATER,
    }  # fmt: skip
    return registration.withdraw(agency=agency(by), **{**facts, **changes})


def income(person: bytes = HANAKO, **changes) -> str | None:
    items = ask(person, **changes).items
    return items[0].value if items else None


def test_a_registered_copy_is_what_is_answered():
    assert register(handed_in(), handed_in(TARO, "77")) == Registered(1, 2, 0)
    assert [income(), income(TARO), income(KENJI)] == ["4120000", "77", None]


def test_an_agency_provides_what_the_table_lets_its_kind_provide():
    on = NOW.date()
    assert "TM00000000000082" not in registration.provided_by(agency(MITAKA), on)
    assert registration.provided_by(agency(PENSION), on) == {"TM90000000000003", "TM90000000000004"}
    assert registration.provided_by(agency("900027"), on) == frozenset(), "the tax authority only asks"
    invented = {f"TM900000000000{number}" for number in range(90, 95)}
    provided = set().union(*(registration.provided_by(each, on) for each in Agency.objects.all()))
    assert not provided & invented
    Agency.objects.filter(local_code=MITAKA).update(is_hosted=False)
    assert registration.provided_by(agency(MITAKA), on) == frozenset()


def test_what_it_does_not_provide_it_neither_registers_withdraws_nor_stops():
    facts = {"agency": agency(PENSION), "data_set": LOCAL_TAX, "at": NOW}
    with pytest.raises(NotTheProvider):
        register(handed_in(at_agency=PENSION), by=PENSION)
    with pytest.raises(NotTheProvider):
        withdraw(by=PENSION)
    with pytest.raises(NotTheProvider):
        registration.stop(reason=Stop.Reason.FAULT, **facts)
    with pytest.raises(NotTheProvider):
        registration.resume(**facts)
    assert not Holding.objects.exists()


def test_another_agencys_codes_are_codes_of_nobody_here():
    """Chofu hands in under Mitaka's code for Hanako: it is taken, and is about nobody."""
    register(handed_in(income="1"))
    assert income() == "1"
    register(handed_in(income="666"), by=CHOFU)
    assert income() == "1"
    asked_of_chofu = {"inquirer": agency(MITAKA), "provider": agency(CHOFU)}
    assert income(**asked_of_chofu) is None
    register(handed_in(income="3", at_agency=CHOFU, reference="own"), by=CHOFU)
    assert [income(), income(**asked_of_chofu)] == ["1", "3"]
    assert withdraw(by=CHOFU, code=code_at(agency(MITAKA), HANAKO)) is True
    assert [income(), income(**asked_of_chofu)] == ["1", "3"]


def test_a_code_of_an_epoch_that_never_was_is_named_by_its_line():
    never = Code(code_at(agency(MITAKA), TARO).value, 7)
    with pytest.raises(NotRegistered) as refusal:
        register(handed_in(), handed_in(TARO, code=never))
    assert [(fault.line, fault.field) for fault in refusal.value.faults] == [(1, "code")]
    assert not Holding.objects.exists()


def test_a_stop_and_its_end():
    register(handed_in(), handed_in(TARO, "77"))
    facts = {"agency": agency(MITAKA), "data_set": LOCAL_TAX, "at": NOW}
    hers = facts | {"code": code_at(agency(MITAKA), HANAKO)}
    assert registration.stop(reason=Stop.Reason.REPORTED, **hers) is True
    assert [ask().outcome, income(TARO)] == ["3003", "77"]
    assert registration.stop(reason=Stop.Reason.REPORTED, **facts) is True
    assert ask(TARO).outcome == "3003"
    assert registration.resume(**facts) is True
    assert registration.resume(**hers) is True
    assert [income(), income(TARO)] == ["4120000", "77"]


def test_in_the_middle_of_a_rekeying_copies_are_replaced_and_not_doubled():
    mitaka = agency(MITAKA)
    former = {person: code_at(mitaka, person) for person in (HANAKO, TARO, KENJI)}
    first = [handed_in(person, "1") for person in former]
    register(*first)
    registration.stop(agency=mitaka, data_set=LOCAL_TAX, reason=Stop.Reason.FAULT, code=former[KENJI], at=NOW)
    epochs.begin(mitaka, settle=0)
    # One by a code of the former epoch, as an agency that has not yet brought its own list does; one by a new one.
    late = handed_in(HANAKO, "2", code=former[HANAKO], reference="late")
    register(late, handed_in(TARO, "3", reference="new"), kind=Run.Kind.CORRECTION)
    assert Holding.objects.count() == 3
    assert register(*first) == Registered(2, 0, 3), "a repeat with codes of the former epoch"
    epochs.bring(mitaka, batch=1)
    epochs.close(mitaka, settle=0)
    assert {row.code for row in Holding.objects.all()} == {code_at(mitaka, person) for person in former}
    assert [income(), income(TARO), ask(KENJI).outcome] == ["2", "3", "3003"]
    again = [replace(each, code=code_at(mitaka, person)) for person, each in zip(former, first, strict=True)]
    assert register(*again) == Registered(2, 0, 3), "and with those of the new one"
    with pytest.raises(NotRegistered):
        register(late)
    assert registration.resume(agency=mitaka, data_set=LOCAL_TAX, code=code_at(mitaka, KENJI), at=NOW) is True
    assert income(KENJI) == "1"


def test_withdrawn_in_the_middle_of_a_rekeying():
    mitaka = agency(MITAKA)
    register(handed_in())
    income()
    former = code_at(mitaka, HANAKO)
    epochs.begin(mitaka, settle=0)
    assert code_at(mitaka, HANAKO) != former
    assert withdraw() is True
    assert ask().outcome == "0004"
    assert [row.reason for row in recalls.collect(agency=agency(CHOFU))] == ["WRONG_PERSON"]


def test_the_layouts_are_in_line_with_the_data_standard():
    layouts = list(layout.all_layouts().values())
    assert checks.layouts_are_sound() == []
    [local_tax] = [each for each in layouts if each.data_set == LOCAL_TAX]
    others = [each for each in layouts if each is not local_tax]

    def said(**changes) -> list[str]:
        properties = local_tax.schema["properties"]
        changed = {**properties, TOTAL_INCOME: {**properties[TOTAL_INCOME], **changes}}
        return checks.layout_faults([*others, replace(local_tax, schema={**local_tax.schema, "properties": changed})])

    assert said(title="所得") == [f"{LOCAL_TAX}.1.json: item {TOTAL_INCOME} is not as in items.csv."]
    assert said(oneOf=[{"$ref": "#/$defs/count"}]) == [
        f"{LOCAL_TAX}.1.json: item {TOTAL_INCOME} has another unit than in items.csv."
    ]
    assert checks.layout_faults(others) == [f"{LOCAL_TAX} has items, but no layout."]


def test_a_broken_layout_is_an_error_of_the_check(monkeypatch, tmp_path):
    (tmp_path / "TM00000000000002.1.json").write_text("{}")
    monkeypatch.setattr(layout, "DIRECTORY", tmp_path)
    assert [error.id for error in checks.layouts_are_sound()] == ["exchange.E002"]


def test_every_data_set_that_is_provided_has_a_layout():
    provided = {rule.data_set.code for rule in statute.rules().values() if rule.kind in ("INQUIRY", "SELF")}
    assert provided <= {data_set for data_set, _ in layout.all_layouts()}


# --- with real commits ---

AT_ONCE = """
import json, sys, threading
from django.db import connections
from exchange import registration
from holdings.models import Holding, Run
from tests.exchange import people
from tests.exchange.test_registration import handed_in, register

people.ready()
answers = []

def run(number, gate, lines):
    gate.wait()
    answers.append(register(*lines))
    connections.close_all()

for turn in range(int(sys.argv[1])):
    persons = [bytes([1 + turn, n] * 16) for n in range(3)]
    gate, threads = threading.Barrier(2), []
    for number in range(2):
        lines = [handed_in(person, str(number), reference=f"{turn}-{number}-{n}") for n, person in enumerate(persons)]
        threads.append(threading.Thread(target=run, args=(number, gate, lines[:: 1 - 2 * number])))
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
numbers = sorted(Run.objects.values_list("number", flat=True))
print(json.dumps([len(answers), Holding.objects.count(), numbers]))
"""
CORRECTED_WHILE_ASKED = """
import json, sys, threading
from django.db import connections
from exchange import recalls
from exchange.models import Recall
from holdings.models import Run
from tests.exchange import people
from tests.exchange.test_registration import handed_in, income, register

people.ready()
got = {}

def asking(turn, gate, code):
    gate.wait()
    answer = people.ask(code=code)
    got[turn] = (answer.record, answer.items[0].value)
    connections.close_all()

def correcting(line, gate):
    gate.wait()
    register(line, kind=Run.Kind.CORRECTION)
    connections.close_all()

wrong = []
for turn in range(int(sys.argv[1])):
    person = bytes([7, turn] * 16)
    register(handed_in(person, "1", reference=f"{turn}-1"))
    code = people.code_at(people.agency(people.CHOFU), person)
    line, gate = handed_in(person, "2", reference=f"{turn}-2"), threading.Barrier(2)
    threads = [threading.Thread(target=asking, args=(turn, gate, code)),
               threading.Thread(target=correcting, args=(line, gate))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
recalls.drain()
told = sorted(each.record for each in recalls.collect(agency=people.agency(people.CHOFU)))
print(json.dumps([len(got), told == sorted(record for record, value in got.values() if value == "1")]))
"""


@pytest.mark.soak
@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_two_runs_at_once_leave_one_copy_each(tmp_path, engine):
    turns = scaled(30)
    with migrated_var(tmp_path, engine) as env:
        answered, held, numbers = json.loads(committed.run(env, AT_ONCE, str(turns)))
    assert (answered, held, numbers) == (2 * turns, 3 * turns, list(range(1, 2 * turns + 1)))


@pytest.mark.soak
@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_who_gets_it_while_it_is_corrected_is_told(tmp_path, engine):
    turns = scaled(60)
    with migrated_var(tmp_path, engine) as env:
        assert json.loads(committed.run(env, CORRECTED_WHILE_ASKED, str(turns))) == [turns, True]
