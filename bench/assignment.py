"""Numbers assigned per second in bulk, beside the same rows written bare: bulk_create on SQLite, COPY on PostgreSQL.

The reference writes rows that were sealed and indexed beforehand; ours draws, seals, indexes and looks for collisions.
Both go into the real table with its unique indexes, keys and triggers. PostgreSQL is measured too where
TEST_DATABASE_URL or BENCH_DATABASE_URL names a role that may create databases.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import REPETITIONS, Measure

if TYPE_CHECKING:
    from numbering.models import IssuedNumber
    from residents.models import Resident

PEOPLE = 10_000
BATCH = 500
_COUNTER = itertools.count()
REFERENCES = {"sqlite": "bulk_create", "postgresql": "COPY"}


def run() -> list[Measure]:
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests.committed import ENGINES, migrated_var
    from tests.committed import run as run_script

    measures = []
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as directory, migrated_var(Path(directory), engine) as env:
            ours, reference = json.loads(run_script(env, "from bench.assignment import measure; measure()"))
        measures.append(Measure(f"bulk-assignment-{engine}", ours, "numbers/s", REFERENCES[engine], reference))
    return measures


def measure() -> None:
    """In a process of its own on fresh databases: print both median rates as JSON."""
    pairs = [(_rate_of_ours(), _rate_of_reference()) for _ in range(1 + REPETITIONS)][1:]  # the first warms up
    print(json.dumps([statistics.median(rates) for rates in zip(*pairs, strict=True)]))


def _rate_of_ours() -> float:
    from django.utils import timezone

    from numbering.assignment import assign_all

    _residents()
    begun = time.perf_counter()
    assert assign_all(at=timezone.now(), batch=BATCH) == PEOPLE
    return PEOPLE / (time.perf_counter() - begun)


def _rate_of_reference() -> float:
    from django.db import connections

    from databases import REGISTRY

    rows = _prepared(_residents())
    write = _copy if connections[REGISTRY].vendor == "postgresql" else _bulk_create
    begun = time.perf_counter()
    write(rows)
    return PEOPLE / (time.perf_counter() - begun)


def _residents() -> list[Resident]:
    return people(PEOPLE)


def people(count: int) -> list[Resident]:
    """So many rows of the register, without entries."""
    from numbering.check_digits import resident_record_code_check_digit
    from residents.models import Resident

    # Counted and not drawn: among eighty thousand random codes two would meet in every third run.
    bodies = [f"{next(_COUNTER):010d}" for _ in range(count)]
    rows = [Resident(resident_record_code=body + resident_record_code_check_digit(body)) for body in bodies]
    return Resident.objects.bulk_create(rows, batch_size=BATCH)


def _prepared(people: list[Resident]) -> list[IssuedNumber]:
    """Rows of the same shape and length as real ones, with noise where the number and its index would be."""
    from django.utils import timezone

    from numbering.models import IssuedNumber

    now = timezone.now()
    return [
        IssuedNumber(
            id=uuid.uuid4(),
            resident=person,
            sealed=os.urandom(43),  # header 15, number 12, tag 16
            blind_index=os.urandom(32),
            assigned_at=now,
        )
        for person in people
    ]


def _bulk_create(rows: list[IssuedNumber]) -> None:
    from django.db import transaction

    from databases import REGISTRY
    from numbering.models import IssuedNumber

    for start in range(0, len(rows), BATCH):
        with transaction.atomic(using=REGISTRY):
            IssuedNumber.objects.bulk_create(rows[start : start + BATCH])


def _copy(rows: list[IssuedNumber]) -> None:
    from django.db import connections

    from databases import REGISTRY

    lines = "".join(
        f"{row.id}\t{row.resident_id}\t\\\\x{row.sealed.hex()}\t\\\\x{row.blind_index.hex()}\tCURRENT\t"
        f"{row.assigned_at.isoformat()}\t\n"
        for row in rows
    )
    columns = "id, resident_id, sealed, blind_index, state, assigned_at, reason"
    with connections[REGISTRY].cursor() as cursor:
        cursor.copy_expert(f"COPY numbering_issuednumber ({columns}) FROM STDIN", io.StringIO(lines))
