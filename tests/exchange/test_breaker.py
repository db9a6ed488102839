"""A provider that fails again and again is left alone, tried once, and asked again when it answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agencies.models import Agency, ProviderBreaker
from exchange.providers import breaker, own_systems
from exchange.providers.breaker import State
from exchange.providers.question import NotReached
from tests import committed
from tests.committed import ENGINES, migrated_var
from tests.exchange import remote_side
from tests.exchange.people import FUCHU, MITAKA, NOW, agency
from tests.exchange.remote_side import Key, ask, busy, good, says, scripted_system
from tests.support import DATABASES

LATER = NOW + timedelta(seconds=30)
TRIED_AT_ONCE = """
import os
from django.db import connections
from datetime import timedelta
from exchange.providers import breaker
from tests.exchange.people import MITAKA, NOW, agency, ready

ready()
for _ in range(5):
    breaker.failed(agency(MITAKA), at=NOW)
mitaka = agency(MITAKA)
connections.close_all()
ready_in, ready_out = os.pipe()
results_in, results_out = os.pipe()
for _ in range(6):
    if os.fork() == 0:
        os.close(ready_out)
        os.read(ready_in, 1)  # all start when the parent closes its end
        may = breaker.lets_through(mitaka, at=NOW + timedelta(seconds=30))
        os.write(results_out, b"1" if may else b"0")
        os._exit(0)
os.close(ready_out)
for _ in range(6):
    os.wait()
print(os.read(results_in, 100).decode().count("1"))
"""


@pytest.fixture
def mitaka(db: None, agencies: None) -> Agency:
    return agency(MITAKA)


def fail(who: Agency, times: int = 1, *, at: Any = NOW) -> None:
    for _ in range(times):
        breaker.failed(who, at=at)


@DATABASES
def test_it_opens_after_so_many_failures_in_a_row(mitaka: Agency) -> None:
    assert breaker.state(mitaka) == State.CLOSED
    fail(mitaka, 4)
    breaker.answered(mitaka)
    fail(mitaka, 4)
    assert (breaker.state(mitaka, at=NOW), breaker.lets_through(mitaka, at=NOW)) == (State.CLOSED, True)
    fail(mitaka)
    assert (breaker.state(mitaka, at=NOW), breaker.lets_through(mitaka, at=NOW)) == (State.OPEN, False)
    assert breaker.state(agency(FUCHU), at=NOW) == State.CLOSED


@DATABASES
def test_after_a_while_one_may_try(mitaka: Agency) -> None:
    fail(mitaka, 5)
    assert breaker.state(mitaka, at=LATER - timedelta(seconds=1)) == State.OPEN
    assert breaker.state(mitaka, at=LATER) == State.HALF_OPEN
    assert [breaker.lets_through(mitaka, at=LATER) for _ in range(3)] == [True, False, False]
    # Who tried has died: after as long again the next one may.
    assert [breaker.lets_through(mitaka, at=LATER + timedelta(seconds=30)) for _ in range(2)] == [True, False]


@DATABASES
@pytest.mark.parametrize(("end", "state"), [("failed", State.OPEN), ("answered", State.CLOSED)])
def test_the_trial_s_end_decides(mitaka: Agency, end: str, state: State) -> None:
    fail(mitaka, 5)
    assert breaker.lets_through(mitaka, at=LATER)
    breaker.answered(mitaka) if end == "answered" else breaker.failed(mitaka, at=LATER)
    assert breaker.state(mitaka, at=LATER) == state


@DATABASES
def test_who_answers_costs_no_write(mitaka: Agency) -> None:
    assert breaker.lets_through(mitaka, at=NOW)
    breaker.answered(mitaka)
    assert not ProviderBreaker.objects.exists()


@DATABASES
def test_an_open_breaker_means_no_connection_and_a_trial_that_succeeds_ends_it(mitaka: Agency, settings: Any) -> None:
    key: Key = remote_side.new_key(MITAKA)
    with scripted_system(key, *[busy] * 10, good) as system:
        for _ in range(5):
            with pytest.raises(NotReached):
                ask()
        assert (len(system.bodies), breaker.state(mitaka)) == (10, State.OPEN)
        with pytest.raises(NotReached, match="left alone"):
            ask()
        assert len(system.bodies) == 10
        ProviderBreaker.objects.update(retry_at=NOW)
        assert breaker.state(mitaka) == State.HALF_OPEN
        assert [ask().outcome, ask().outcome] == ["0000", "0000"]
        assert breaker.state(mitaka) == State.CLOSED


@DATABASES
def test_signed_answers_that_are_refused_open_nothing(mitaka: Agency) -> None:
    """Else an inquirer could close a provider to all others by questions that it does not understand."""
    with scripted_system(remote_side.new_key(MITAKA), says({"outcome": "7777"})):
        for _ in range(6):
            with pytest.raises(NotReached):
                ask()
    assert breaker.state(mitaka) == State.CLOSED


@DATABASES
def test_a_new_address_begins_anew(mitaka: Agency) -> None:
    remote_side.new_key(MITAKA)
    ProviderBreaker.objects.create(agency=mitaka, failures=9, retry_at=NOW)
    own_systems.register(agency=mitaka, url="http://127.0.0.1:8123/")
    assert breaker.state(mitaka) == State.CLOSED


@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_of_many_processes_one_tries(tmp_path: Any, engine: str) -> None:
    with migrated_var(tmp_path, engine) as env:
        assert committed.run(env, TRIED_AT_ONCE) == "1\n"
