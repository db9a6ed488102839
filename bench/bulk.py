"""Persons asked about per second in bulk, from the hand-in to the fetched results, beside the two-conversion limit.

Of each person the exchange must convert two points: the provider's code, and the point of records. The limit is what a
process does that does nothing but multiply two points per person. Ours is one worker, or two worker processes at once
on one bulk, as a broker would have them; the limit is that of one process for both.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import uuid
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import rbcl
from django.db import connections
from django.utils import timezone

from bench.measure import Measure, side_by_side

LINES = 2_000
WORKERS = 2
_COUNTER = itertools.count()


def run() -> list[Measure]:
    """On each engine there is, on fresh databases with real commits."""
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests import committed

    measures = []
    for engine in committed.ENGINES:
        with tempfile.TemporaryDirectory() as directory, committed.migrated_var(Path(directory), engine) as env:
            env["MYNA_BULK_LINES_A_DAY"] = "1000000000"
            # SQLite's writers sleep while another writes: it is for one process, and its two are not measured.
            many = [1, WORKERS] if engine == "postgresql" else [1]
            script = "import sys; from bench.bulk import measure; measure(*map(int, sys.argv[1:]))"
            found = json.loads(committed.run(env, script, *map(str, many)))
        for workers, (ours, limit) in zip(many, found, strict=True):
            name = f"bulk-inquiry-{engine}" if workers == 1 else f"bulk-inquiry-{workers}-workers-{engine}"
            measures.append(Measure(name, ours, "persons/s", "two-conversions", limit))
    return measures


def measure(*many: int) -> None:
    """In a process of its own: print our median rate beside the limit's, for each number of workers, as JSON."""
    ours, limit = _rounds()
    print(json.dumps([side_by_side(lambda workers=workers: ours(workers), limit) for workers in many]))


def _work(taken: uuid.UUID) -> None:
    from exchange import bulk_work

    bulk_work.work(bulk=taken)


def _rounds() -> tuple[Callable[[int], int], Callable[[], int]]:
    from codes import rist1
    from exchange import bulk, bulk_work
    from exchange.bulk_lines import Line
    from holdings.periods import Period
    from tests.exchange import people

    people.ready()
    codes = people.hold_incomes([number.to_bytes(32, "big") for number in range(1, LINES + 1)])
    chofu = people.agency(people.CHOFU)
    lines = [
        Line(
            id=str(number),
            code=code,
            provider=people.MITAKA,
            affair=people.CHILD_ALLOWANCE,
            data_set=people.LOCAL_TAX,
            items=(people.TOTAL_INCOME,),
            condition=Period(fiscal_year=2026),
            case_number=f"2026-{number}",
        )
        for number, code in enumerate(codes)
    ]

    connections.close_all()  # each process has its own
    pool = get_context("fork").Pool(WORKERS)

    def ours(workers: int) -> int:
        taken = bulk.hand_in(inquirer=chofu, reference=f"R{next(_COUNTER)}", lines=lines, at=timezone.now()).id
        if workers == 1:
            bulk_work.work(bulk=taken)
        else:
            pool.map(_work, [taken] * workers, chunksize=1)
        found = bulk.results(inquirer=chofu, bulk=taken, limit=LINES)
        assert [line.outcome for line in found] == ["0000"] * LINES
        return LINES

    scalar = rist1.new_scalar()

    def limit() -> int:
        for code in codes:
            rbcl.crypto_scalarmult_ristretto255(scalar, code.value)
            rbcl.crypto_scalarmult_ristretto255(scalar, code.value)
        return LINES

    return ours, limit
