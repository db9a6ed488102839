"""kill -9 of the background worker at every step: a process that does the worker's acts, and a real Celery worker."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.committed import migrated_var, run, start
from tests.faults import after
from tests.faults.country import redis
from tests.support import SOAK, scaled

pytestmark = [pytest.mark.committed, pytest.mark.soak, pytest.mark.timeout(3600)]

KILLS = scaled(200)
# Of a Celery worker, which takes seconds to start: at named steps, and at random.
OF_CELERY, AT_RANDOM = (150, 50) if SOAK else (3, 1)
# In each round one more inquiry is overdue, and a child does what the worker does by the clock, until it dies. When all
# deaths are died the rounds go on until nothing is left to do.
ROUNDS = """
import json, os, signal, sys
from datetime import timedelta
from django.db import connections
from django.utils import timezone
from codes.rist1 import format_code
from exchange import callbacks, inquirer_copy, ledger, standing
from exchange.inquiry_models import Inquiry
from holdings import waiting
from tests.exchange import people
from tests.faults import fatal

people.ready()
mitaka, chofu = people.agency(people.MITAKA), people.agency(people.CHOFU)
waiting.set_by_hand(agency=people.MITAKA, data_set=people.LOCAL_TAX)
code = people.code_at(chofu, people.HANAKO)
callbacks.register(agency=chofu, url=sys.argv[1], at=timezone.now())
deaths = fatal.Deaths([])
steps = [
    (standing, "end"), (standing, "settle"), (waiting, "close"), (ledger, "record"), (inquirer_copy, "keep"),
    (callbacks, "_take"), (callbacks, "_is_sent"),
]
clock, records = timezone.now(), []
left = Inquiry.objects.filter(notice_due_at__isnull=False) | Inquiry.objects.filter(is_settled=False)

def work():
    fatal.Deaths(steps)
    standing.end_overdue(at=clock)
    callbacks.tell(at=clock)

while deaths.are_left() or left.exists():
    clock += timedelta(minutes=5)
    if deaths.are_left():
        asked = people.ask(code=code, case_number=str(len(records)), reference=str(len(records)),
                           at=clock - timedelta(days=10, minutes=1))
        records.append(asked.record)
    connections.close_all()
    process = os.fork()
    if process == 0:
        work()
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert ended in (0, -signal.SIGKILL), ended
print(json.dumps({"records": records, "codes": [format_code(code)]}))
"""


@contextmanager
def _listener() -> Iterator[tuple[str, Counter[str]]]:
    """Chofu's own server: its address, and how often it heard of which record."""
    heard: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard[json.loads(self.rfile.read(int(self.headers["Content-Length"])))["record"]] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/ended", heard
        server.shutdown()


def test_the_worker_is_killed_at_every_step(tmp_path: Path) -> None:
    kills = tmp_path / "kills"
    kills.mkdir()
    with migrated_var(tmp_path) as env, _listener() as (url, heard):
        env |= {"MYNA_KILLS_DIR": str(kills), "MYNA_KILLS": str(KILLS)}
        done = json.loads(run(env, ROUNDS, url))
        amiss = after.sweep(env)
        references = [str(number) for number in range(len(done["records"]))]
        given = {"codes": done["codes"], "answers": [], "refusals": [], "once": [], "references": references}
        counts = after.check(env, given, tmp_path)
    deaths = Counter(file.read_text() for file in kills.iterdir())
    print(f"{dict(deaths)}; {counts}; told {heard.total()} times")
    assert deaths.total() == KILLS and len(deaths) == min(KILLS, 14)
    assert amiss == []
    assert counts == {"asked": len(references), "refused": 0, "5002": len(references)}
    assert set(heard) == set(done["records"])
    # Told again only where the process died before it could note that it had told.
    assert heard.total() - len(heard) <= deaths["after exchange.callbacks._is_sent"]


@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server to be the broker")
def test_a_celery_worker_is_killed_at_named_steps_and_at_random(tmp_path: Path) -> None:
    """It gets its tasks through the broker, dies, is started again; and each agency hears and fetches its own only."""
    kills = tmp_path / "kills"
    kills.mkdir()
    with migrated_var(tmp_path) as env, redis() as (broker, _), _listener() as chofu, _listener() as fuchu:
        env |= {"MYNA_KILLS_DIR": str(kills), "MYNA_KILLS": str(OF_CELERY), "REDIS_URL": broker}
        script = "from tests.faults import feeding; feeding.main()"
        feeding = start(env, script, str(AT_RANDOM), chofu[0], fuchu[0], stdout=-1, stderr=-1)
        out, errors = feeding.communicate(timeout=3600)
        assert feeding.returncode == 0, errors
        done = json.loads(out)
        env.pop("REDIS_URL")
        amiss = after.sweep(env)
        counts = after.check(env, done["given"], tmp_path)
    deaths = Counter(file.read_text() for file in kills.iterdir())
    heard = [each for _, each in (chofu, fuchu)]
    told = sum(map(Counter.total, heard))
    print(f"{dict(deaths)}, {done['killed']} at random, {done['starts']} starts; {counts}; told {told} times")
    assert deaths.total() == OF_CELERY and len(deaths) == min(OF_CELERY, 26) and done["killed"] == AT_RANDOM
    assert amiss == []
    asked, answered = len(done["given"]["references"]), len(done["given"]["answers"])
    assert counts == {"asked": asked, "refused": 0, "0000": answered, "5002": asked - answered}
    assert [set(each) for each in heard] == [set(each) for each in done["told"]]
