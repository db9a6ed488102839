"""With real commits: a process that had a reference is killed, or two are at it at once; one event, one answer."""

from __future__ import annotations

import json
import signal

import pytest

from tests import committed
from tests.committed import ENGINES, migrated_var

pytestmark = pytest.mark.committed

ONCE = [("ASKED", ""), ("ANSWERED", "0000")]
PREPARE = """
from tests.exchange import people
people.ready()
people.hold_income(people.HANAKO, 77)
"""
# Asks under the reference, so many seconds from now; dies, or waits for a line, before or after the provider is asked.
ASK = """
import json, os, signal, sys
from datetime import timedelta
from django.utils import timezone
from exchange import inquiry
from tests.exchange import people
seconds, fate, when = int(sys.argv[1]), sys.argv[2], sys.argv[3]
ask = inquiry.choose.ask
def fatal():
    if fate == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if fate == "waits":
        print("waits", flush=True)
        sys.stdin.readline()
def guarded(question, at):
    if when == "before":
        fatal()
    reply = ask(question, at=at)
    if when == "after":
        fatal()
    return reply
inquiry.choose.ask = guarded
answer = people.ask(reference="CA-1", at=timezone.now() + timedelta(seconds=seconds))
print(json.dumps([answer.record, answer.outcome, [item.value for item in answer.items]]))
"""
ON_RECORD = """
import json
from datetime import timedelta
from django.utils import timezone
from exchange import reconciliation
from tests.exchange import waiting
now = timezone.now()
found = reconciliation.differences(since=now - timedelta(days=1), until=now + timedelta(days=1))
print(json.dumps([waiting.phases(), waiting.outcomes_of_copies(), [each.what for each in found]]))
"""
PIPES = {"stdin": -1, "stdout": -1, "stderr": -1}


def assert_once(env):
    phases, copies, amiss = json.loads(committed.run(env, ON_RECORD))
    assert [tuple(phase) for phase in phases] == ONCE
    assert (copies, amiss) == ([["0000"], ["0000"]], [])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_9_while_the_provider_is_asked_costs_a_minute(tmp_path, engine, when):
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        process = committed.start(env, ASK, "0", "dies", when, **PIPES)
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
        record, outcome, items = json.loads(committed.run(env, ASK, "30", "lives", when))
        assert (outcome, items) == ("0101", [])
        assert json.loads(committed.run(env, ASK, "70", "lives", when)) == [record, "0000", ["77"]]
        assert_once(env)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_two_processes_at_once_give_one_answer(tmp_path, engine, when):
    """Each holds the event open when the other comes; whoever ends it first, both say the same."""
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        both = []
        for seconds in ("0", "70"):  # the second takes the first to be dead
            process = committed.start(env, ASK, seconds, "waits", when, **PIPES)
            assert process.stdout.readline() == "waits\n"
            both.append(process)
        said = committed.released(both, timeout=120)
        assert said[0] == said[1]
        assert said[0][1:] == ["0000", ["77"]]
        assert_once(env)
