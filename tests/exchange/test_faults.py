"""A crash may leave a record without an answer, never an answer without a record."""

from __future__ import annotations

import json
import signal

import pytest

from exchange import inquiry
from exchange.models import AccessRecord
from holdings.models import ProvisionCopy
from tests import committed
from tests.committed import ENGINES, migrated_var
from tests.exchange.people import HANAKO, ask, hold_income, ready
from tests.support import DATABASES, scaled

PREPARE = """
from tests.exchange import people
people.ready()
people.ask(people.KENJI)
people.hold_income(people.HANAKO, 77)
"""
# Every step of the inquiry gets a boundary before and after it. One child per boundary kills itself there, the last one
# comes through; after each the parent prints how it ended, what it answered, and what is on record.
KILLED = """
import json, os, signal, sys
from django.db import connections
from exchange import inquiry
from exchange.models import AccessRecord
from holdings.models import InquiryCopy, ProvisionCopy
from tests.exchange import people

passed, fatal = 0, 0

def boundary():
    global passed
    if passed == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    passed += 1

def guarded(step):
    def run(*args, **facts):
        boundary()
        result = step(*args, **facts)
        boundary()
        return result
    return run

def state():
    phases = [AccessRecord.objects.filter(phase=phase).count() for phase in ("ASKED", "ANSWERED")]
    return [*phases, ProvisionCopy.objects.count(), InquiryCopy.objects.count()]

def child(out):
    for name in ("permit", "convert_to_all"):
        setattr(inquiry, name, guarded(getattr(inquiry, name)))
    for name in ("subject_of", "record"):
        setattr(inquiry.ledger, name, guarded(getattr(inquiry.ledger, name)))
    inquiry.choose.ask = guarded(inquiry.choose.ask)
    inquiry.inquirer_copy.keep = guarded(inquiry.inquirer_copy.keep)
    os.write(out, people.ask(code=code).items[0].value.encode())
    os._exit(0)

code = people.code_at(people.agency(people.CHOFU), people.HANAKO)
ended = -signal.SIGKILL
while ended == -signal.SIGKILL:
    before = state()
    connections.close_all()
    inward, outward = os.pipe()
    process = os.fork()
    if process == 0:
        child(outward)
    os.close(outward)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    answer = os.read(inward, 100).decode()
    print(json.dumps([ended, answer, *(now - then for now, then in zip(state(), before))]), flush=True)
    fatal += 1
"""
MENDED = """
import json
from datetime import timedelta
from exchange import reconciliation
from tests.exchange.people import NOW
day = timedelta(days=1)
repaired = list(reconciliation.repair(since=NOW - day, until=NOW + 2 * day, at=NOW + 2 * day))
left = [each.what for each in reconciliation.differences(since=NOW - day, until=NOW + 2 * day)]
print(json.dumps([len(repaired), left]))
"""
# An inquiry waits; one child per boundary decides it and kills itself there. Then what follows is made good, the answer
# fetched, and the outcome of every copy printed.
DECIDED = """
import json, os, signal
from datetime import timedelta
from django.db import connections
from exchange import decisions, inquirer_copy, ledger, standing
from exchange.inquiry_models import Inquiry
from holdings import inquirer_copies, waiting
from holdings.models import InquiryCopy, ProvisionCopy, WaitingQuestion
from tests.exchange import people

passed, fatal = 0, 0
mitaka, chofu = people.agency(people.MITAKA), people.agency(people.CHOFU)

def guarded(step):
    def run(*args, **facts):
        boundary()
        result = step(*args, **facts)
        boundary()
        return result
    return run

def boundary():
    global passed
    if passed == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    passed += 1

def child(waits):
    waiting.decide = guarded(waiting.decide)
    waiting.provide.keep_record = guarded(waiting.provide.keep_record)
    standing.end = guarded(standing.end)
    standing.waiting.close = guarded(standing.waiting.close)
    ledger.record = guarded(ledger.record)
    inquirer_copy.keep = guarded(inquirer_copy.keep)
    decisions.approve(provider=mitaka, reference=waits, at=people.NOW + timedelta(hours=1))
    os._exit(0)

code = people.code_at(chofu, people.HANAKO)
waiting.set_by_hand(agency=people.MITAKA, data_set=people.LOCAL_TAX)
ended = -signal.SIGKILL
while ended == -signal.SIGKILL:
    answer = people.ask(code=code)
    waits = ledger.reference(ledger.event_of(answer.record, "inquirer"), "provider")
    connections.close_all()
    process = os.fork()
    if process == 0:
        child(waits)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    later = people.NOW + timedelta(hours=2)
    before = standing.result(inquirer=chofu, record=answer.record, at=later)
    standing.end_overdue(at=later)
    if before.is_pending:
        decisions.approve(provider=mitaka, reference=waits, at=later)
    got = standing.result(inquirer=chofu, record=answer.record, at=later)
    told = [copy.outcome for copy in ProvisionCopy.objects.filter(id=waits)]
    own = inquirer_copies.own(agency=people.CHOFU, reference=answer.record)["outcome"]
    left = WaitingQuestion.objects.count()
    print(json.dumps([ended, before.outcome, got.items[0].value, told, own, left]), flush=True)
    fatal += 1
"""
# Two processes at the same inquiries that wait, and at the same references: each prints what came of every one.
RACE = """
import json, sys, time
from datetime import timedelta
from exchange import decisions, ledger, standing
from exchange.standing import HasEnded, InProgress
from holdings.models import WaitingQuestion
from tests.exchange import people
chosen = sys.argv[1:]
mitaka, chofu = people.agency(people.MITAKA), people.agency(people.CHOFU)
code = people.code_at(chofu, people.KENJI)
waiting = sorted(str(id) for id in WaitingQuestion.objects.values_list("id", flat=True))
records = [ledger.reference(ledger.event_of(each, "provider"), "inquirer") for each in waiting]
later = people.NOW + timedelta(hours=1)

def repeat(n):
    while True:
        try:
            return people.ask(code=code, reference=f"R-{n}").record
        except InProgress:
            time.sleep(0.01)

acts = {
    "approve": lambda n: decisions.approve(provider=mitaka, reference=waiting[n], at=later).outcome,
    "decline": lambda n: decisions.decline(provider=mitaka, reference=waiting[n], at=later).outcome,
    "cancel": lambda n: standing.cancel(inquirer=chofu, record=records[n], at=later).outcome,
    "overdue": lambda n: standing.result(inquirer=chofu, record=records[n], at=later + timedelta(days=10)).outcome,
    "repeat": repeat,
}
print("ready", flush=True)
sys.stdin.readline()
said = []
for n, act in enumerate(chosen):
    try:
        said.append(acts[act](n))
    except HasEnded as ended:
        said.append("ended " + ended.outcome)
print(json.dumps(said))
"""
WAITING = """
from holdings import waiting
waiting.set_by_hand(
    agency=people.MITAKA, data_set=people.LOCAL_TAX, code=people.code_at(people.agency(people.MITAKA), people.HANAKO)
)
for _ in range(int(sys.argv[1])):
    people.ask()
"""
MANY = """
import sys
from exchange.inquiry import Refused
from tests.exchange import people
for turn in range(int(sys.argv[1])):
    for number in range(1, 5):
        answer = people.ask(bytes([100 + number]) * 32)
        assert answer.items[0].value == str(number), "another person's income"
    try:
        people.ask(affair="")
    except Refused:
        pass
"""


class Broken(Exception):
    pass


def _fail(monkeypatch, step: str, *, call: int, after: bool) -> None:
    owner, name = (inquiry, step) if "." not in step else (getattr(inquiry, step.split(".")[0]), step.split(".")[1])
    original, calls = getattr(owner, name), []

    def run(*args, **facts):
        calls.append(1)
        if len(calls) != call:
            return original(*args, **facts)
        if after:
            original(*args, **facts)
        raise Broken

    monkeypatch.setattr(owner, name, run)


@DATABASES
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("step", "call"),
    [
        ("ledger.subject_of", 1),
        ("permit", 1),
        ("ledger.record", 1),
        ("convert_to_all", 1),
        ("choose.ask", 1),
        ("ledger.record", 2),
        ("inquirer_copy.keep", 1),
    ],
)
def test_an_error_between_any_two_steps_lets_no_answer_out(monkeypatch, step, call, after):
    ready()
    hold_income(HANAKO)
    with monkeypatch.context() as patch:
        _fail(patch, step, call=call, after=after)
        with pytest.raises(Broken):
            ask()
    phases = [row.phase for row in AccessRecord.objects.order_by("leaf")]
    assert phases in ([], ["ASKED"], ["ASKED", "ANSWERED"])
    if ProvisionCopy.objects.exists():
        assert "ASKED" in phases, "the provider answered what was not on record"
    assert ask().outcome == "0000"


@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_a_process_killed_between_any_two_steps_leaves_no_answer_without_a_record(tmp_path, engine):
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        *killed, whole = [json.loads(line) for line in committed.run(env, KILLED).splitlines()]
        for ended, answer, asked, answered, copies, own in killed:
            assert (ended, answer) == (-signal.SIGKILL, "")
            assert 1 >= asked >= copies >= answered >= own, "an answer without a record"
        assert whole == [0, "77", 1, 1, 1, 1]
        assert len(killed) == 14
        stops = {(0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (1, 1, 1, 1)}
        assert {tuple(counts) for _, _, *counts in killed} == stops
        _assert_contiguous(env)
        repaired, left = json.loads(committed.run(env, MENDED))
        assert repaired == sum(own < asked for _, _, asked, _, _, own in killed)
        assert left == []


@pytest.mark.committed
@pytest.mark.soak
@pytest.mark.parametrize("engine", ENGINES)
def test_many_processes_at_once_keep_the_log_whole_and_mix_nothing_up(tmp_path, engine):
    turns = scaled(100)
    prepare = PREPARE + "for n in range(1, 5): people.hold_income(bytes([100 + n]) * 32, n)\n"
    prepare += "people.code_at(people.agency(people.CHOFU), people.KENJI)\n"
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, prepare)
        before = len(committed.rows(env, 'SELECT "index" FROM exchange_leaf', "exchange"))
        processes = [committed.start(env, MANY, str(turns), stderr=-1) for _ in range(4)]
        for process in processes:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors
        bodies = _assert_contiguous(env)[before:]
        assert len(bodies) == 4 * turns * (4 * 2 + 1)
        events: dict[str, list[str]] = {}
        for body in bodies:
            events.setdefault(body["event"], []).append(body["phase"])
        assert sorted(map(tuple, events.values())) == sorted(
            [("ASKED", "ANSWERED")] * (4 * turns * 4) + [("REFUSED",)] * (4 * turns)
        )


def _assert_contiguous(env: dict[str, str]) -> list[dict]:
    rows = committed.rows(env, 'SELECT "index", body FROM exchange_leaf ORDER BY "index"', "exchange")
    assert [index for index, _ in rows] == list(range(len(rows)))
    return [json.loads(body) for _, body in rows]


@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_a_decision_killed_between_any_two_steps_is_made_good(tmp_path, engine):
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        *killed, whole = [json.loads(line) for line in committed.run(env, DECIDED).splitlines()]
        assert whole == [0, "0000", "77", ["0000"], "0000", 0]
        assert len(killed) == 12
        for ended, before, value, told, own, left in killed:
            assert ended == -signal.SIGKILL
            assert before in ("0109", "0000")
            assert (value, told, own, left) == ("77", ["0000"], "0000", 0)
        assert {before for _, before, *_ in killed} == {"0109", "0000"}
        assert json.loads(committed.run(env, MENDED))[1] == []
        _assert_contiguous(env)


@pytest.mark.committed
@pytest.mark.soak
@pytest.mark.parametrize("engine", ENGINES)
def test_of_two_at_once_one_counts(tmp_path, engine):
    """Two ends of one inquiry, and two inquiries under one reference."""
    turns = scaled(100)
    pairs = [
        ("approve", "cancel"),
        ("overdue", "approve"),
        ("approve", "decline"),
        ("approve", "approve"),
        ("cancel", "overdue"),
    ] * turns
    outcomes = {"approve": "0000", "decline": "4001", "cancel": "4002", "overdue": "5002"}
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, f"import sys\n{PREPARE}{WAITING}", str(len(pairs)))
        before = len(_assert_contiguous(env))
        both = [*pairs, *[("repeat", "repeat")] * 2 * turns]
        said = list(zip(*_race(env, both), strict=True))
        for acts, words in zip(pairs, said, strict=False):
            ends = {word.removeprefix("ended ") for word in words}
            assert len(ends) == 1, "two ends of one inquiry"
            assert ends <= {outcomes[act] for act in acts}
        repeated = said[len(pairs) :]
        assert all(first == second for first, second in repeated)
        assert len({first for first, _ in repeated}) == 2 * turns
        bodies = _assert_contiguous(env)[before:]
        assert sum(body["phase"] == "ASKED" for body in bodies) == 2 * turns
        ended = [body["event"] for body in bodies if body["phase"] == "ANSWERED"]
        assert len(ended) == len(set(ended)) == len(both)
        assert json.loads(committed.run(env, MENDED)) == [0, []]


def _race(env: dict[str, str], both: list[tuple[str, str]]) -> list[list[str]]:
    pipes = {"stdin": -1, "stdout": -1, "stderr": -1}
    processes = [committed.start(env, RACE, *acts, **pipes) for acts in zip(*both, strict=True)]
    for process in processes:  # each has seen what waits before any begins
        assert process.stdout.readline() == "ready\n"
    return committed.released(processes)
