"""kill -9 of the web server's processes at every step of an inquiry, while clients ask, repeat, decide and cancel."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import after, asking
from tests.faults.country import PLANT, served
from tests.support import scaled

pytestmark = [pytest.mark.committed, pytest.mark.soak, pytest.mark.timeout(3600)]

PERSONS, CLIENTS = 20, 8
KILLS = scaled(200)
# The master has all loaded, so that a new process is there at once.
OPTIONS = ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"]
LIMITS = {"MYNA_API_REQUESTS_PER_MINUTE": "1000000000", "MYNA_LOG_LEVEL": "ERROR"}


def test_processes_of_the_web_server_are_killed_at_every_step(tmp_path: Path) -> None:
    kills = tmp_path / "kills"
    kills.mkdir()
    latest = time.monotonic() + 10 * KILLS

    def goes_on() -> bool:
        assert time.monotonic() < latest, "the processes do not die"
        return len(list(kills.iterdir())) < KILLS

    with served(
        tmp_path,
        setup=PLANT + asking.BY_HAND_SET,
        arguments=(str(PERSONS),),
        application="tests.faults.fatal:server()",
        options=OPTIONS,
        MYNA_KILLS_DIR=str(kills),
        MYNA_KILLS=str(KILLS),
        **LIMITS,
    ) as country:
        run = asking.Run(country, PERSONS, goes_on, random.Random(200))
        began = time.monotonic()
        asyncio.run(asking.ask_all(run, CLIENTS))
        took = time.monotonic() - began
        mended = after.sweep(country.env)
        asyncio.run(asking.ask_again(run))
        asyncio.run(asking.pry(run))
        counts = after.check(country.env, run.given(), tmp_path)
    deaths = Counter(file.read_text() for file in kills.iterdir())
    print(f"{KILLS} kills in {took:.0f} s at {dict(deaths)}; {dict(run.seen)}; {Counter(mended)}; {counts}")
    assert deaths.total() == KILLS and len(deaths) == min(KILLS, 19)
    assert counts["0000"] > 0 and run.seen["broken"] >= KILLS
