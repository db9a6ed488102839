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
# Every step of the inquiry gets a boundary before and after it; the process kills itself at the one it is told.
KILLED = """
import os, signal, sys
from exchange import inquiry
from tests.exchange import people
passed = 0
def boundary():
    global passed
    if passed == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    passed += 1
def guarded(step):
    def run(*args, **facts):
        boundary()
        result = step(*args, **facts)
        boundary()
        return result
    return run
code = people.code_at(people.agency(people.CHOFU), people.HANAKO)
for name in ("permit", "convert"):
    setattr(inquiry, name, guarded(getattr(inquiry, name)))
inquiry.ledger.record = guarded(inquiry.ledger.record)
inquiry.provide.answer = guarded(inquiry.provide.answer)
print(people.ask(code=code).items[0].value, flush=True)
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
    [("convert", 1), ("permit", 1), ("ledger.record", 1), ("convert", 2), ("provide.answer", 1), ("ledger.record", 2)],
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
        killed, printed = 0, ""
        while not printed:
            before = _state(env)
            process = committed.start(env, KILLED, str(killed), stdout=-1, stderr=-1)
            printed, errors = process.communicate(timeout=120)
            asked, answered, copies = (now - then for now, then in zip(_state(env), before, strict=True))
            assert asked >= copies >= answered, "an answer without a record"
            if printed:
                assert (process.returncode, printed.strip(), asked, answered, copies) == (0, "77", 1, 1, 1)
            else:
                assert process.returncode == -signal.SIGKILL, errors
                killed += 1
        assert killed == 12
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


def _state(env: dict[str, str]) -> tuple[int, int, int]:
    count = "SELECT count(*) FROM exchange_accessrecord WHERE phase = '{}'"
    queries = [
        (count.format("ASKED"), "exchange"),
        (count.format("ANSWERED"), "exchange"),
        ("SELECT count(*) FROM holdings_provisioncopy", "holdings"),
    ]
    asked, answered, copies = (committed.rows(env, query, name)[0][0] for query, name in queries)
    return asked, answered, copies


def _assert_contiguous(env: dict[str, str]) -> list[dict]:
    rows = committed.rows(env, 'SELECT "index", body FROM exchange_leaf ORDER BY "index"', "exchange")
    assert [index for index, _ in rows] == list(range(len(rows)))
    return [json.loads(body) for _, body in rows]
