"""Signed inquiries per second from end to end, direct (M0) and blind (M1), beside a signed view with one insert.

Over real lines to gunicorn as production runs it (Dockerfile), from a client on the same machine that signs beforehand:
the difference is what an inquiry is, the permission table, the conversions, two records in the log and one at the
provider, sealing. Then the inquiry without HTTP. PostgreSQL where TEST_DATABASE_URL or BENCH_DATABASE_URL names a role
that may create databases. After each round the records are counted: nothing may be lost.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.measure import REPETITIONS, Measure, side_by_side

ROUND = 400
CLIENTS = 16
PEOPLE = 50
ACTS = 100
REFERENCE = "/api/v1/one-insert"
KINDS = ("direct", "blind", "one-insert")
PERCENTILES = (50, 95, 99)
_ADDRESS = {"direct": "/api/v1/inquiries", "blind": "/api/v1/inquiries/blind"}


def run() -> list[Measure]:
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests import committed
    from tests.faults.country import PLANT, served

    engine = committed.ENGINES[-1]
    limits = {"MYNA_API_REQUESTS_PER_MINUTE": "1000000000", "MYNA_LOG_LEVEL": "WARNING"}
    with tempfile.TemporaryDirectory() as directory:
        planted = served(Path(directory), setup=PLANT, arguments=(str(PEOPLE),), application="bench.serving", **limits)
        with planted as country:
            rates, times = _rounds(country)
            act = json.loads(committed.run(country.env, "from bench.inquiry import measure; measure()"))
    measures = [
        Measure(f"inquiry-{kind}-{engine}", rates[kind], "inquiries/s", "one-insert", rates["one-insert"])
        for kind in KINDS[:2]
    ]
    measures += [
        Measure(f"inquiry-{kind}-p{part}-{engine}", _part(times[kind], part), "ms", "one-insert",
                _part(times["one-insert"], part))
        for kind in KINDS[:2] for part in PERCENTILES
    ]  # fmt: skip
    return [*measures, Measure(f"inquiry-act-{engine}", act[0], "inquiries/s", "one-insert", act[1])]


def _rounds(country: Any) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The median rates, and every answer's time in milliseconds, in turns; the first round warms up."""
    from tests.committed import rows

    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    asked = 0
    for turn in range(1 + REPETITIONS):
        for kind in KINDS:
            begun, taken = asyncio.run(_round(country, kind))
            if turn:
                rates[kind].append(ROUND / begun)
                times[kind] += taken
            asked += ROUND if kind in KINDS[:2] else 0
            kept = rows(country.env, "SELECT phase, count(*) FROM exchange_accessrecord GROUP BY phase", "exchange")
            assert dict(kept) == {"ASKED": asked, "ANSWERED": asked}, kept
    return {kind: statistics.median(found) for kind, found in rates.items()}, times


async def _round(country: Any, kind: str) -> tuple[float, list[float]]:
    """ROUND requests by CLIENTS lines at once: the seconds for all, and each one's milliseconds."""
    from tests.faults.country import caller

    lines = [caller(country) for _ in range(CLIENTS)]
    requests = iter([_request(country, lines[0], kind, number) for number in range(ROUND)])
    taken: list[float] = []

    async def work(line: Any, mine: Iterator[bytes]) -> None:
        for request in mine:
            begun = time.perf_counter()
            status, answer = await line.send(request)
            taken.append(1000 * (time.perf_counter() - begun))
            assert status == 200, answer
        line.hang_up()

    begun = time.perf_counter()
    await asyncio.gather(*[work(line, requests) for line in lines])
    return time.perf_counter() - begun, taken


def _request(country: Any, line: Any, kind: str, number: int) -> bytes:
    from tests.faults.country import question

    if kind == "one-insert":
        path, content = REFERENCE, {}
    else:
        path, content = _ADDRESS[kind], question(country, number % PEOPLE, is_blind=kind == "blind")
    return bytes(line.signed(path, content))


def _part(times: list[float], part: int) -> float:
    return statistics.quantiles(times, n=100)[part - 1]


def measure() -> None:
    """In a process of its own: print the rate of the act alone, beside one committed insert, as JSON."""
    print(json.dumps(side_by_side(*_acts())))


def _acts() -> tuple[Callable[[], int], Callable[[], int]]:
    from datetime import timedelta

    from django.db import transaction
    from django.utils import timezone

    from agencies.models import UsedOnce
    from databases import EXCHANGE
    from tests.exchange import people

    chofu, mitaka = people.agency(people.CHOFU), people.agency(people.MITAKA)
    codes = [people.code_at(chofu, number.to_bytes(32, "big")) for number in range(PEOPLE)]

    def by_act() -> int:
        for number in range(ACTS):
            assert people.ask(inquirer=chofu, provider=mitaka, code=codes[number % PEOPLE]).items
        return ACTS

    def one_insert() -> int:
        for _ in range(ACTS):
            with transaction.atomic(using=EXCHANGE, durable=True):
                UsedOnce.objects.create(hash=os.urandom(32), expires_at=timezone.now() + timedelta(minutes=1))
        return ACTS

    return by_act, one_insert
