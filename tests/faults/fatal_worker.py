"""Makes a Celery worker fatal: `celery --app mynaportal worker --include tests.faults.fatal_worker`.

At every second death one process of the worker dies, at the others all of them. What otherwise waits for minutes, so
that no living process is disturbed, waits for a second: the processes overtake each other too.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta

from tests.faults.fatal import Deaths  # isort: skip  # it loads the apps that the rest needs

from exchange import bulk_work, callbacks, conversion, inquirer_copy, ledger, standing
from holdings import provide_all, waiting


class WorkersDeaths(Deaths):
    """The worker leads a process group of its own."""

    def die(self) -> None:
        if self.count % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            os.killpg(os.getpgrp(), signal.SIGKILL)


STEPS = [
    (callbacks, "_is_sent"),
    (provide_all, "answer_all"),
    (standing, "settle"),
    (bulk_work, "_settle"),
    (ledger, "record"),
    (callbacks, "_take"),
    (ledger, "record_all"),
    (standing, "end"),
    (waiting, "close"),
    (bulk_work, "_claimed"),
    (inquirer_copy, "keep"),
    (conversion, "convert_many"),
    (bulk_work, "_end"),
]
if "MYNA_KILLS" in os.environ:
    bulk_work.CLAIM = standing._TIME_TO_SETTLE = timedelta(seconds=1)
    callbacks._FIRST_WAIT = timedelta(seconds=0.2)
    WorkersDeaths(STEPS)
