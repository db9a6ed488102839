"""Persons asked about per second in bulk, from the hand-in to the fetched results, beside the two-conversion limit.

Of each person the exchange must convert two points: the provider's code, and the point of records. The limit is what a
process does that does nothing but multiply two points per person. Ours is one process too, with its database beside it.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import rbcl
from django.utils import timezone

from bench.measure import Measure, side_by_side

LINES = 2_000
_COUNTER = itertools.count()


def run() -> list[Measure]:
    """On each engine there is, on fresh databases with real commits."""
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests import committed

    measures = []
    for engine in committed.ENGINES:
        with tempfile.TemporaryDirectory() as directory, committed.migrated_var(Path(directory), engine) as env:
            env |= {"MYNA_BULK_LINES_A_DAY": "1000000000"}
            found = json.loads(committed.run(env, "from bench.bulk import measure; measure()"))
        ours, limit = found
        measures.append(Measure(f"bulk-inquiry-{engine}", ours, "persons/s", "two-conversions", limit))
    return measures


def measure() -> None:
    """In a process of its own: print our median rate and the limit's as JSON."""
    print(json.dumps(side_by_side(*_rounds())))


def _rounds() -> tuple[Callable[[], int], Callable[[], int]]:
    from codes import rist1
    from exchange import bulk, bulk_work
    from exchange.bulk_lines import Line
    from holdings.periods import Period
    from tests.exchange import people

    people.ready()
    persons = [number.to_bytes(32, "big") for number in range(1, LINES + 1)]
    codes = people.hold_incomes(persons)
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

    def ours() -> int:
        taken = bulk.hand_in(inquirer=chofu, reference=f"R{next(_COUNTER)}", lines=lines, at=timezone.now())
        bulk_work.work(bulk=taken.id)
        found = bulk.results(inquirer=chofu, bulk=taken.id, limit=LINES)
        assert [line.outcome for line in found] == ["0000"] * LINES
        return LINES

    scalar = rist1.new_scalar()

    def limit() -> int:
        for code in codes:
            rbcl.crypto_scalarmult_ristretto255(scalar, code.value)
            rbcl.crypto_scalarmult_ristretto255(scalar, code.value)
        return LINES

    return ours, limit
