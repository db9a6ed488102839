"""A re-keying that is killed at any step and started again loses nothing and doubles nothing."""

from __future__ import annotations

import json

import pytest

from tests import committed
from tests.committed import ENGINES, migrated_var

PREPARE = """
from tests.exchange import people
people.ready()
for number in range(1, 8):
    people.hold_income(bytes([100 + number]) * 32, number)
    people.ask(bytes([100 + number]) * 32)
"""
# The n-th child dies at its boundary n % 5, so that runs are cut short and started again until one comes through.
KILLED = """
import json, os, signal, sys
from django.db import connections
from codes import columns
from exchange import epochs, scalars
from crossings import rekeying
from tests.exchange import people

def boundary():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def guarded(owner, name):
    step = getattr(owner, name)
    def run(*args, **facts):
        boundary()
        result = step(*args, **facts)
        boundary()
        return result
    setattr(owner, name, run)

for owner, name in ((scalars, "begin"), (columns, "rewrite"), (scalars, "mark_closing"), (scalars, "destroy")):
    guarded(owner, name)

def answers():
    return [people.ask(bytes([100 + number]) * 32).items[0].value for number in range(1, 8)]

mitaka = people.agency(people.MITAKA)
former = people.code_at(mitaka, bytes([101]) * 32)
acts = {
    "rekey": lambda: rekeying.rekey(agency=mitaka, batch=2, settle=0, at=people.NOW),
    "close": lambda: rekeying.close(agency=mitaka, settle=0, at=people.NOW),
}
for name, act in acts.items():
    kills, ended = 0, -signal.SIGKILL
    while ended == -signal.SIGKILL:
        connections.close_all()
        process = os.fork()
        if process == 0:
            left = kills % 5 + 1 if kills < 40 else 10_000
            try:
                act()
            except rekeying.NothingToClose:
                assert name == "close", "killed when it was done but for saying so"
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        kills += ended == -signal.SIGKILL
        scalars.forget()
        assert answers() == [str(number) for number in range(1, 8)], (name, kills)
    print(json.dumps([name, ended, kills]), flush=True)
from codes.rist1 import MalformedCode
from exchange import conversion
try:
    conversion.convert(code=former, source=mitaka, target=mitaka)
except MalformedCode:
    print(json.dumps("refused"))
print(json.dumps(scalars.current(mitaka).epoch))
"""


@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_is_killed_at_any_step_is_started_again_and_loses_and_doubles_nothing(tmp_path, engine):
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        rekeyed, closed, *rest = [json.loads(line) for line in committed.run(env, KILLED).splitlines()]
        assert rest == ["refused", 2]
        assert (rekeyed[:2], closed[:2]) == (["rekey", 0], ["close", 0])
        assert rekeyed[2] > 3 and closed[2] > 3, "the runs were not cut short"
        held = committed.rows(env, "SELECT code FROM holdings_holding WHERE agency = '132047'", "holdings")
        assert len(held) == len(set(held)) == 7
        assert {code[:3] for (code,) in held} == {"a2-"}
        own = committed.rows(env, "SELECT code FROM holdings_provisioncopy WHERE agency = '132047'", "holdings")
        assert {code[:3] for (code,) in own} == {"a2-"}
        assert set(own) == set(held)
