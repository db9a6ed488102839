"""A citizen's page of access records while the log grows: her thirty records among ten thousand, and among a million.

What others leave in the log may cost her nothing. The page is fetched over real lines from gunicorn as production runs
it, by one client and by sixteen. PostgreSQL only: there other people's rows are planted by one statement, of the size
and form of real ones, without the triggers that forbid it.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.measure import Measure

SIZES = (10_000, 1_000_000)
CLIENTS = (1, 16)
PAGES = 160
WARMING = 48
OWN = 30

SETUP = f"""
import json
from django.utils import timezone
from tests.portal import country
country.load_agencies()
hanako = country.new_citizen()
for _ in range({OWN}):
    country.ask(hanako, timezone.now())
print(json.dumps({{"cookies": country.established(hanako)}}))
"""
# Two rows for each event, as they are: a body and a sealed side copied from a real pair, each under its own ids.
PLANT = """
SET session_replication_role = replica;
INSERT INTO exchange_leaf ("index", id, body, hash, written_at)
SELECT number, gen_random_uuid(), model.body, sha256(number::text::bytea), model.written_at
FROM generate_series(%(first)s, %(last)s) number, (SELECT * FROM exchange_leaf ORDER BY "index" LIMIT 1) model;
INSERT INTO exchange_accessrecord (leaf_id, event, kind, phase, subject, private_sealed, disclosed_from, at)
SELECT number, md5((number / 2)::text)::uuid, model.kind, CASE number %% 2 WHEN 0 THEN 'ASKED' ELSE 'ANSWERED' END,
       sha256((number / 2 %% 20000)::text::bytea), model.private_sealed, model.disclosed_from, model.at
FROM generate_series(%(first)s, %(last)s) number, (SELECT * FROM exchange_accessrecord ORDER BY leaf_id LIMIT 1) model;
SET session_replication_role = DEFAULT;
"""


def run() -> list[Measure]:
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests import committed
    from tests.faults.country import served

    if "postgresql" not in committed.ENGINES:
        return []
    found: dict[tuple[int, int], list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as directory,
        served(Path(directory), setup=SETUP, engine="postgresql", MYNA_LOG_LEVEL="WARNING") as country,
    ):
        for size in SIZES:
            _grow(country.env, size)
            for clients in CLIENTS:
                asyncio.run(_fetch(country, clients, WARMING))  # connections, plans, the rows' pages
                found[size, clients] = asyncio.run(_fetch(country, clients))
    small, large = SIZES
    return [
        Measure(
            f"log-page-{clients}-clients-p{part}-{large}-records-postgresql", _part(found[large, clients], part), "ms",
            f"at-{small}-records", _part(found[small, clients], part),
        )
        for clients in CLIENTS for part in (50, 95)
    ]  # fmt: skip


def _grow(env: dict[str, str], size: int) -> None:
    from tests.committed import connect

    with closing(connect(env, "exchange")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute('SELECT max("index") + 1 FROM exchange_leaf')
            # Even, so that a pair of rows is one event.
            cursor.execute(PLANT, {"first": (cursor.fetchone()[0] + 1) // 2 * 2, "last": size - 1})
            cursor.execute("VACUUM ANALYZE exchange_leaf")
            cursor.execute("VACUUM ANALYZE exchange_accessrecord")


async def _fetch(country: Any, clients: int, pages: int = PAGES) -> list[float]:
    """Every page's milliseconds, by so many clients at once, each on its line."""
    from tests.faults.country import Line

    lines = [Line(country.url) for _ in range(clients)]
    cookies = "; ".join(f"{name}={value}" for name, value in country.planted["cookies"].items())
    request = f"GET /records/ HTTP/1.1\r\nhost: 127.0.0.1:{country.port}\r\ncookie: {cookies}\r\n\r\n".encode()
    taken: list[float] = []

    async def work(line: Any) -> None:
        for _ in range(pages // clients):
            begun = time.perf_counter()
            status, page = await line.fetch(request)
            taken.append(1000 * (time.perf_counter() - begun))
            assert status == 200
            assert page.count(b'class="badge') >= 2
        line.hang_up()

    await asyncio.gather(*[work(line) for line in lines])
    return taken


def _part(times: list[float], part: int) -> float:
    return statistics.quantiles(times, n=100)[part - 1]
