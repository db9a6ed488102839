"""The log: records appended per second, in batches and by many writers, and a citizen's file checked offline.

A batch is timed from what is to be put on record to the commit: rows made, sealed, hashed, signed. The reference of
appending is what the database does with ready rows of the same size and nothing else, in one table without an index:
COPY on PostgreSQL, one INSERT of many rows on SQLite. The reference of checking is hashing: as many SHA-256 as the
proofs have hashes.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from bench.measure import REPETITIONS, Measure, per_second, side_by_side
from exchange import ledger, proofs
from exchange.models import Phase
from exchange.sequencer import Prepared

BATCH = 100
BATCHES = 20
RECORDS = 10_000
WRITERS = 8


def run() -> list[Measure]:
    """On each engine there is, on fresh databases with real commits."""
    from tests import committed

    measures = []
    for engine in committed.ENGINES:
        with tempfile.TemporaryDirectory() as directory, committed.migrated_var(Path(directory), engine) as env:
            found = json.loads(committed.run(env, "from bench.log import measure; measure()"))
            # SQLite's writers sleep while another writes: it is for one process, and its many are not measured.
            many = _many_writers(env) if engine == "postgresql" else None
        bare = "bare-copy" if engine == "postgresql" else "bare-insert"
        measures += [
            Measure(f"log-append-batches-of-{BATCH}-{engine}", *_pair(found["batches"], "records/s", bare)),
            Measure(f"log-append-one-by-one-{engine}", *_pair(found["single"], "records/s", "one-insert")),
            Measure(f"log-verify-offline-{engine}", *_pair(found["verify"], "records/s", "hashing-alone")),
        ]
        if many:
            one = found["single"][0]
            measures.append(Measure(f"log-append-{WRITERS}-writers-{engine}", many, "records/s", "one-writer", one))
    return measures


def measure() -> None:
    """In a process of its own: print pairs of rates as JSON."""
    from tests.exchange import people

    people.ready()
    event = _event()
    bare = _bare()
    ready = _prepared(_entries(event, BATCH))
    asked = iter([_entries(event, BATCH) for _ in range((1 + REPETITIONS) * BATCHES)])

    def batches() -> int:
        for _ in range(BATCHES):
            ledger.record_all(_prepared(next(asked)))
        return BATCHES * BATCH

    def bare_batches() -> int:
        for _ in range(BATCHES):
            bare(ready)
        return BATCHES * BATCH

    def single() -> int:
        for _ in range(BATCH):
            ledger.record(replace(event, id=uuid.uuid4()), phase=Phase.ASKED, at=timezone.now())
        return BATCH

    def bare_single() -> int:
        for each in ready:
            bare([each])
        return BATCH

    found = {"batches": side_by_side(batches, bare_batches), "single": side_by_side(single, bare_single)}
    print(json.dumps({**found, "verify": _verify(people)}))


def _verify(people: Any) -> tuple[float, float]:
    from tools import verify_records

    event = _event(ledger.subject_of(people.portal_code(people.HANAKO)))
    for _ in range(RECORDS // 1000):
        ledger.record_all(_prepared(_entries(event, 1000)))
    content = json.loads(
        json.dumps(proofs.of_citizen(portal_code=people.portal_code(people.HANAKO), at=timezone.now()))
    )
    entries = sum(len(record["entries"]) for record in content["records"])
    hashes = sum(len(entry["proof"]) + 2 for record in content["records"] for entry in record["entries"])

    def verify() -> int:
        assert list(verify_records.check(content, keys=[], witnesses=[])) == []
        return entries

    def hashing() -> int:
        for _ in range(hashes):
            hashlib.sha256(bytes(65)).digest()
        return entries

    return side_by_side(verify, hashing)


def write_many() -> None:
    """Many writers as the threads of one process: print how many records they put down in a second, one by one."""
    from tests.exchange import people

    people.ready()
    event = _event()

    def write() -> None:
        for _ in range(BATCH):
            ledger.record(replace(event, id=uuid.uuid4()), phase=Phase.ASKED, at=timezone.now())
        connections["exchange"].close()

    def work() -> int:
        with ThreadPoolExecutor(WRITERS) as pool:
            for done in [pool.submit(write) for _ in range(WRITERS)]:
                done.result()
        return WRITERS * BATCH

    print(json.dumps(per_second(work)))


def _many_writers(env: dict[str, str]) -> float:
    from tests import committed

    return float(json.loads(committed.run(env, "from bench.log import write_many; write_many()")))


def _event(subject: bytes = bytes(32)) -> ledger.Event:
    from tests.exchange import people

    chofu, mitaka = people.agency(people.CHOFU), people.agency(people.MITAKA)
    return ledger.Event(
        kind="INQUIRY",
        inquirer=chofu,
        provider=mitaka,
        affair=people.CHILD_ALLOWANCE,
        data_set=people.LOCAL_TAX,
        items=(people.TOTAL_INCOME,),
        subject=subject,
        private={"case_number": "2026-0042"},
    )


def _entries(event: ledger.Event, count: int) -> list[ledger.Entry]:
    return [ledger.Entry(replace(event, id=uuid.uuid4()), Phase.ASKED) for _ in range(count)]


def _prepared(entries: list[ledger.Entry]) -> list[Prepared]:
    return ledger.prepare_all(entries, at=timezone.now())


def _bare() -> Callable[[list[Prepared]], None]:
    """Rows of the same size into a table without a rule, committed."""
    connection = connections["exchange"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (body text, side text)")

    def insert(records: list[Prepared]) -> None:
        rows = [(record.body, bytes(record.private_sealed).hex()) for record in records]
        with transaction.atomic(using="exchange"), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                content = io.StringIO("".join(f"{body}\t{side}\n" for body, side in rows))
                cursor.cursor.copy_expert("COPY bench_bare FROM STDIN", content)
            else:
                cursor.executemany("INSERT INTO bench_bare VALUES (%s, %s)", rows)

    return insert


def _pair(rates: list[float], unit: str, reference: str) -> tuple[float, str, str, float]:
    return rates[0], unit, reference, rates[1]
