"""Workers that die, are overtaken or come in twos: no line is answered twice, none without a record, none mixed up."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from exchange import bulk, bulk_lines, bulk_work, conversion, ledger, reconciliation
from exchange.models import AccessRecord, Phase
from holdings import provide_all
from holdings.models import Holding, ProvisionCopy
from tests import committed
from tests.committed import ENGINES, migrated_var
from tests.exchange.people import HANAKO, KENJI, MITAKA, NOW, TARO, agency, code_at, hold_income
from tests.exchange.test_bulk import a_line, hand_in, progress, results, work
from tests.support import DATABASES, scaled

LATER = NOW + bulk_work.CLAIM
STEPS = [
    (bulk_work, "_claimed"),
    (ledger, "record_all"),
    (conversion, "convert_many"),
    (provide_all, "answer_all"),
    (bulk_work, "_settle"),
    (bulk_work, "_end"),
]


class Died(BaseException):
    """As a kill: nothing catches it."""


def boundaries() -> Iterator[tuple[Any, str, int, bool]]:
    """Before and after every step; records are written twice, the questions and the answers."""
    for owner, name in STEPS:
        for call in (1, 2) if name == "record_all" else (1,):
            yield from ((owner, name, call, False), (owner, name, call, True))


def die_at(patch: pytest.MonkeyPatch, owner: Any, name: str, *, call: int, after: bool) -> None:
    original, calls = getattr(owner, name), []

    def run(*args: Any, **facts: Any) -> Any:
        calls.append(1)
        if len(calls) != call:
            return original(*args, **facts)
        if after:
            original(*args, **facts)
        raise Died

    patch.setattr(owner, name, run)


def cut_off(
    monkeypatch: pytest.MonkeyPatch, taken: bulk.HandedIn, owner: Any, name: str, *, call: int, after: bool
) -> None:
    """A worker takes the lines up and dies there."""
    with monkeypatch.context() as patch:
        die_at(patch, owner, name, call=call, after=after)
        with pytest.raises(Died):
            work(taken)


def the_lines() -> bulk.HandedIn:
    hold_income(HANAKO, 77)
    hold_income(TARO, 88)
    refused = {"affair": "JM90000000000004", "data_set": "TM90000000000011"}
    return hand_in([a_line("hanako"), a_line("kenji", KENJI), a_line("refused", **refused), a_line("taro", TARO)])


def assert_whole(taken: bulk.HandedIn) -> None:
    """Every line has its outcome, its record and no second one; the three copies agree."""
    found = results(taken)
    assert [(line.line, line.outcome) for line in found] == [
        ("hanako", "0000"),
        ("kenji", "0004"),
        ("refused", "2001"),
        ("taro", "0000"),
    ]
    assert [[item.value for item in line.items] for line in found] == [["77"], [], [], ["88"]]
    assert_one_event_each(found)
    assert ProvisionCopy.objects.count() == 3
    assert list(reconciliation.differences(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))) == []


def assert_one_event_each(found: list[Any]) -> None:
    phases: dict[str, list[str]] = {}
    for row in AccessRecord.objects.order_by("leaf"):
        phases.setdefault(ledger.reference(row.event, ledger.INQUIRER), []).append(row.phase)
    refused = {line.record for line in found if line.outcome == "2001"}
    assert phases == {line.record: ["REFUSED"] if line.record in refused else ["ASKED", "ANSWERED"] for line in found}


@DATABASES
@pytest.mark.usefixtures("agencies")
@pytest.mark.parametrize(("owner", "name", "call", "after"), boundaries())
def test_whoever_comes_after_a_dead_worker_goes_on(monkeypatch, owner, name, call, after):
    taken = the_lines()
    cut_off(monkeypatch, taken, owner, name, call=call, after=after)
    copies = ProvisionCopy.objects.count()
    asked = AccessRecord.objects.filter(phase=Phase.ASKED).count()
    assert copies <= asked, "the provider answered what was not on record"
    if any(line.outcome != "0101" for line in results(taken)):
        assert AccessRecord.objects.filter(phase=Phase.ANSWERED).count() == 3, "an answer without a record"
    work(taken)  # the claim still stands, so nothing is done twice
    work(taken, clock=lambda: LATER)
    assert_whole(taken)
    assert progress(taken).state == "DONE"


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_an_answer_that_cannot_be_had_again_fails_under_its_record(monkeypatch):
    """The provider answered, the worker died, the copy was withdrawn: the record stands as it was made."""
    taken = the_lines()
    cut_off(monkeypatch, taken, ledger, "record_all", call=2, after=False)
    Holding.objects.filter(code=code_at(agency(MITAKA), HANAKO)).delete()
    work(taken, clock=lambda: LATER)
    found = results(taken)
    assert [(line.outcome, len(line.items)) for line in found] == [("9000", 0), ("0004", 0), ("2001", 0), ("0000", 1)]
    assert_one_event_each(found)
    assert sorted(ProvisionCopy.objects.values_list("outcome", flat=True)) == ["0000", "0000", "0004"]
    assert list(reconciliation.differences(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))) == []


@DATABASES
@pytest.mark.usefixtures("agencies")
@pytest.mark.parametrize("step", [(ledger, "record_all", 1), (provide_all, "answer_all", 1), (ledger, "record_all", 2)])
def test_one_who_was_thought_dead_writes_nothing_twice(monkeypatch, step):
    """A slow worker is overtaken between any two steps; it fails where the other has been, and the bulk is whole."""
    taken = the_lines()
    owner, name, call = step
    original, calls = getattr(owner, name), []

    def slow(*args: Any, **facts: Any) -> Any:
        calls.append(1)
        if len(calls) == call:
            work(taken, clock=lambda: LATER)
        return original(*args, **facts)

    monkeypatch.setattr(owner, name, slow)
    work(taken)
    assert_whole(taken)


@DATABASES
@pytest.mark.usefixtures("agencies")
@pytest.mark.parametrize("is_on_record", [False, True])
def test_a_cancelled_batch_that_was_cut_off_is_finished_only_if_it_was_asked(monkeypatch, is_on_record):
    taken = the_lines()
    cut_off(monkeypatch, taken, ledger, "record_all", call=1, after=is_on_record)
    bulk.cancel(inquirer=agency("132080"), bulk=taken.id, at=NOW)
    assert progress(taken).ended_at is None
    work(taken, clock=lambda: LATER)
    assert progress(taken).state == "CANCELLED"
    if is_on_record:
        assert_whole(taken)
    else:
        assert [line.outcome for line in results(taken)] == ["4002"] * 4
        assert not AccessRecord.objects.exists()


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_a_decision_that_is_on_record_stands(monkeypatch):
    """The assessment ran out between the question and the answer: what was permitted stays permitted."""
    taken = the_lines()
    cut_off(monkeypatch, taken, ledger, "record_all", call=1, after=True)
    type(agency(MITAKA)).objects.filter(local_code=MITAKA).update(assessment_until=None)
    work(taken, clock=lambda: LATER)
    assert_whole(taken)


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_who_goes_on_opens_the_evidence_once(monkeypatch):
    taken = the_lines()
    cut_off(monkeypatch, taken, ledger, "record_all", call=1, after=True)
    opened, open_it = [], bulk_lines.evidence_of
    monkeypatch.setattr(bulk_lines, "evidence_of", lambda bulk: opened.append(bulk) or open_it(bulk))
    work(taken, clock=lambda: LATER)
    assert_whole(taken)
    assert len(opened) == 1


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_every_boundary_is_tried() -> None:
    assert len(list(boundaries())) == 14


# --- with real commits and processes ---

PREPARE = """
import sys
from django.utils import timezone
from exchange import bulk
from exchange.bulk_lines import Line
from holdings.periods import Period
from tests.exchange import people
people.ready()
persons = [number.to_bytes(32, "big") for number in range(1, int(sys.argv[1]) + 1)]
codes = people.hold_incomes(persons)
chofu = people.agency(people.CHOFU)
def line(number, code):
    return Line(str(number), code, people.MITAKA, people.CHILD_ALLOWANCE, people.LOCAL_TAX, (people.TOTAL_INCOME,),
                Period(fiscal_year=2026), "c")
bulk.BATCH = int(sys.argv[2])
lines = [line(number, code) for number, code in enumerate(codes)]
print(bulk.hand_in(inquirer=chofu, reference="R", lines=lines, at=timezone.now()).id)
"""
# Works until it is done, killing itself at a boundary that chance chooses.
WORK = """
import os, random, signal, sys, uuid
from datetime import timedelta
from exchange import bulk_work, conversion, ledger
from holdings import provide_all
bulk_work.CLAIM = timedelta(milliseconds=float(sys.argv[3]))
chance = random.Random(int(sys.argv[2]))
def guarded(step):
    def run(*args, **facts):
        if chance.random() < float(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
        result = step(*args, **facts)
        if chance.random() < float(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return run
for owner, name in [(bulk_work, "_claimed"), (ledger, "record_all"), (conversion, "convert_many"),
                    (provide_all, "answer_all"), (bulk_work, "_settle")]:
    setattr(owner, name, guarded(getattr(owner, name)))
bulk_work.work(bulk=uuid.UUID(sys.argv[1]))
"""
LOOK = """
import json, sys, uuid
from collections import Counter
from datetime import timedelta
from django.utils import timezone
from exchange import bulk, bulk_work, ledger, reconciliation
from exchange.models import AccessRecord
from tests.exchange import people
id = uuid.UUID(sys.argv[1])
bulk_work.work(bulk=id)
chofu = people.agency(people.CHOFU)
found = bulk.results(inquirer=chofu, bulk=id, limit=10000)
rows = AccessRecord.objects.all()
subjects = {ledger.reference(row.event, ledger.INQUIRER): bytes(row.subject).hex() for row in rows}
now = timezone.now()
amiss = list(reconciliation.differences(since=now - timedelta(days=1), until=now + timedelta(days=1)))
print(json.dumps({
    "values": [[item.value for item in line.items] for line in found],
    "outcomes": sorted({line.outcome for line in found}),
    "persons": len({subjects[line.record] for line in found}),
    "phases": Counter(AccessRecord.objects.values_list("phase", flat=True)),
    "amiss": [difference.what for difference in amiss],
    "state": bulk.progress(inquirer=chofu, bulk=id).state,
}))
"""


def assert_all_there(env: dict[str, str], taken: str, count: int) -> None:
    found = json.loads(committed.run(env, LOOK, taken))
    assert found == {
        "values": [[str(number + 1)] for number in range(count)],  # each line's answer is of its own person
        "outcomes": ["0000"],
        "persons": count,
        "phases": {"ASKED": count, "ANSWERED": count},
        "amiss": [],
        "state": "DONE",
    }


@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_two_workers_at_once_do_each_batch_once(tmp_path, engine):
    with migrated_var(tmp_path, engine) as env:
        taken = committed.run(env, PREPARE, "60", "5").strip()
        workers = [committed.start(env, WORK, taken, "1", "60000", "0", stderr=-1) for _ in range(2)]
        for worker in workers:
            _, errors = worker.communicate(timeout=120)
            assert (worker.returncode, errors) == (0, "")
        assert {
            attempts for (attempts,) in committed.rows(env, "SELECT attempts FROM exchange_bulkbatch", "exchange")
        } == {1}
        assert_all_there(env, taken, 60)


@pytest.mark.committed
@pytest.mark.soak
@pytest.mark.parametrize("engine", ENGINES)
def test_workers_that_are_killed_at_any_step_lose_nothing_and_double_nothing(tmp_path, engine):
    """Two at a time, with claims so short that they overtake each other too."""
    kills, wanted, seed = 0, scaled(100), 0
    with migrated_var(tmp_path, engine) as env:
        taken = committed.run(env, PREPARE, "200", "2").strip()
        while kills < wanted and seed < 4 * wanted:
            workers = []
            for _ in range(2):
                workers.append(committed.start(env, WORK, taken, str(seed), "50", "0.05", stderr=-1))
                seed += 1
            for worker in workers:
                _, errors = worker.communicate(timeout=120)
                assert worker.returncode in (0, -signal.SIGKILL), errors
                kills += worker.returncode == -signal.SIGKILL
        assert kills > 0
        assert_all_there(env, taken, 200)
