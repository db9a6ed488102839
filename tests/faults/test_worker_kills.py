"""kill -9 of the background worker at every step of ending what nobody answered and of telling who asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.committed import migrated_var, run
from tests.faults import after
from tests.support import scaled

pytestmark = [pytest.mark.committed, pytest.mark.soak, pytest.mark.timeout(3600)]

KILLS = scaled(200)
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
