"""PostgreSQL restarted and Redis gone in mid-run, and a provider that does not answer and comes too late, twice."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from exchange import decisions, ledger
from exchange.inquiry import NotObtained
from exchange.standing import HasEnded
from holdings.provide import ItemValue
from tests.committed import migrated_on
from tests.exchange import remote_side
from tests.exchange.people import MITAKA, TOTAL_INCOME, agency, ask, ready
from tests.exchange.waiting import outcomes_of_copies, phases
from tests.faults import after, asking
from tests.faults.country import (
    DIRECT,
    PLANT,
    Country,
    caller,
    free_port,
    open_doors,
    planted_on,
    question,
    redis,
    served,
)
from tests.support import DATABASES, scaled

PERSONS, CLIENTS = 15, 8
LIMITS = {"MYNA_API_REQUESTS_PER_MINUTE": "1000000000", "MYNA_LOG_LEVEL": "CRITICAL"}
SETUP = PLANT + asking.BY_HAND_SET
BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=Path("initdb")).parent


class Cluster:
    """A PostgreSQL server of its own, in a temporary directory; as root it runs under the user postgres."""

    def __init__(self, directory: Path) -> None:
        self.data, self.port = directory / "data", free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.user: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.run("initdb", "--auth=trust", "--username=postgres", "--no-sync")

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.user, str(BINARIES / program), "--pgdata", str(self.data), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=120)

    def control(self, act: str, *arguments: str) -> None:
        self.run("pg_ctl", "--wait", "--log", str(self.data / "log"), *arguments, act)

    def start(self) -> None:
        self.control("start", "--options", f"-p {self.port} -k {self.data} -h 127.0.0.1 -F")

    @contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.control("stop", "--mode", "immediate")


async def _through(run: asking.Run, fault: Callable[[], None], times: int) -> None:
    """Let them ask while the fault comes, so many times, and each time until as many again have their answers."""
    asked_by = asyncio.create_task(asking.ask_all(run, CLIENTS))
    for _ in range(times):
        await _answered(run, asked_by, 10)
        await asyncio.to_thread(fault)
    await _answered(run, asked_by, 20)
    run.goes_on = lambda: False
    await asked_by


async def _answered(run: asking.Run, asked_by: asyncio.Task[None], more: int) -> None:
    wanted = run.seen["0000"] + more
    async with asyncio.timeout(120):
        while run.seen["0000"] < wanted and not asked_by.done():
            await asyncio.sleep(0.02)


def _finish(run: asking.Run, tmp_path: Path) -> dict[str, int]:
    after.sweep(run.country.env)  # what was cut off before it was on record frees its reference
    asyncio.run(asking.ask_again(run))
    asyncio.run(asking.pry(run))
    counts = after.check(run.country.env, run.given(), tmp_path)
    print(dict(run.seen), counts)
    return counts


async def _all_say_that_they_are_away(country: Country) -> None:
    """The API by a problem, pages in the reader's language, each with the time after which to come again."""
    line = caller(country)
    for _ in range(20):  # more than there are threads, with lines that are open still
        status, answer = await line.send(line.signed(DIRECT, question(country, 0)))
        assert (status, answer["type"].rpartition("/")[2]) == (503, "away")
    for language, words in (("en", "The service is away for the moment"), ("ja", "ただいま一時的に")):
        head = {"Accept-Language": language, "Cookie": f"session={'a' * 32}"}
        asked = urllib.request.Request(f"{country.url}/mailbox/", headers=head)  # noqa: S310 - our own server
        with pytest.raises(urllib.error.HTTPError) as answered:
            await asyncio.to_thread(urllib.request.urlopen, asked)
        assert (answered.value.code, answered.value.headers["Retry-After"]) == (503, "10")
        assert words in answered.value.read().decode()


@pytest.mark.committed
@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not (BINARIES / "initdb").exists(), reason="there is no initdb to make a PostgreSQL of its own")
def test_postgresql_is_restarted_in_mid_run(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:
        cluster = Cluster(Path(own))
        with cluster.running():
            env = migrated_on(cluster.url, tmp_path) | LIMITS
            country = planted_on(env, SETUP, str(PERSONS))
            with open_doors(country):
                run = asking.Run(country, PERSONS, lambda: True, random.Random(1), may_fail=True)
                asyncio.run(_through(run, lambda: cluster.control("restart", "--mode", "immediate"), scaled(20)))
                assert country.server.poll() is None
                run.may_fail = False
                counts = _finish(run, tmp_path)
                cluster.control("stop", "--mode", "immediate")
                asyncio.run(_all_say_that_they_are_away(country))
                cluster.start()
                asyncio.run(asking.ask_again(run))
    assert counts["0000"] > 0
    assert run.seen["status 503"] > 0, "nobody noticed"
    assert not run.seen["status 500"], "a lost line was taken for a failure"


@pytest.mark.committed
@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server to take away")
def test_redis_goes_away_in_mid_run(tmp_path: Path) -> None:
    with (
        redis() as (url, server),
        served(tmp_path, setup=SETUP, arguments=(str(PERSONS),), REDIS_URL=url, **LIMITS) as country,
    ):
        run = asking.Run(country, PERSONS, lambda: True, random.Random(2))
        asyncio.run(_through(run, server.kill, 1))
        assert server.wait(10) != 0
        country.env.pop("REDIS_URL")
        counts = _finish(run, tmp_path)
    assert counts["0000"] > 0
    assert run.seen["broken"] == 0, "an inquiry needed Redis"


@DATABASES
def test_a_provider_does_not_answer_in_time_and_then_answers_twice(settings) -> None:
    ready()
    settings.PROVIDER_SECONDS = 1.0
    key, at = remote_side.new_key(MITAKA), timezone.now()
    stalls = remote_side.scripted_system(key, lambda asked: system.stall(asked))
    with stalls as system, pytest.raises(NotObtained) as failure:
        ask(at=at, reference="R-1")
    event = ledger.event_of(failure.value.record, ledger.INQUIRER)
    late = ledger.reference(event, ledger.PROVIDER)
    for minutes in (1, 30):
        with pytest.raises(HasEnded) as ended:
            decisions.approve(
                provider=agency(MITAKA),
                reference=late,
                items=[ItemValue(TOTAL_INCOME, "1", "")],
                at=at + timedelta(minutes=minutes),
            )
        assert ended.value.outcome == "5002"
    with pytest.raises(NotObtained):
        ask(at=at + timedelta(minutes=31), reference="R-1")
    assert phases() == [("ASKED", ""), ("ANSWERED", "5002")]
    assert outcomes_of_copies() == (["5002"], ["5002"])
