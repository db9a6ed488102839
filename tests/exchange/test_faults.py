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
from holdings.models import ProvisionCopy
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
    return [*phases, ProvisionCopy.objects.count()]

def child(out):
    for name in ("permit", "convert_to_all"):
        setattr(inquiry, name, guarded(getattr(inquiry, name)))
    for name in ("subject_of", "record"):
        setattr(inquiry.ledger, name, guarded(getattr(inquiry.ledger, name)))
    inquiry.choose.ask = guarded(inquiry.choose.ask)
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
        for ended, answer, asked, answered, copies in killed:
            assert (ended, answer) == (-signal.SIGKILL, "")
            assert 1 >= asked >= copies >= answered, "an answer without a record"
        assert whole == [0, "77", 1, 1, 1]
        assert len(killed) == 12
        assert {tuple(counts) for _, _, *counts in killed} == {(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1)}
        _assert_contiguous(env)


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
