"""The web application, or a worker's script, whose process kills itself at the steps of an inquiry.

    MYNA_KILLS_DIR    the deaths of all processes together: one file each, numbered, holding the name of the step
    MYNA_KILLS        how many there shall be; then nobody dies any more

The steps take turns, so that each gets its share. Which of the calls of a step is the fatal one is left to chance.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mynaportal.wsgi import application as _service  # isort: skip  # it loads the apps that the rest needs

from exchange import inquirer_copy, inquiry, ledger, repeats, standing
from exchange.providers import choose
from holdings import waiting

_STEPS: list[tuple[Any, str]] = [
    (repeats, "claim"),
    (inquiry, "permit"),
    (ledger, "record"),
    (choose, "ask"),
    (standing, "hold"),
    (waiting, "decide"),
    (standing, "end"),
    (standing, "settle"),
    (inquirer_copy, "keep"),
]
_CHANCE = 0.5


class Deaths:
    """The boundaries of the steps, of which one at a time is fatal."""

    def __init__(self, steps: list[tuple[Any, str]]) -> None:
        self.directory, self.wanted = Path(os.environ["MYNA_KILLS_DIR"]), int(os.environ["MYNA_KILLS"])
        self.names: list[str] = []
        self.count = 0
        self.dying = threading.Lock()
        for owner, name in steps:
            setattr(owner, name, self.guarded(f"{owner.__name__}.{name}", getattr(owner, name)))

    def named(self, name: str) -> str:
        self.names.append(name)
        return name

    def guarded(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        before, after = self.named(f"before {name}"), self.named(f"after {name}")

        def run(*args: Any, **facts: Any) -> Any:
            self.boundary(before)
            result = step(*args, **facts)
            self.boundary(after)
            return result

        return run

    def next(self) -> int:
        """The number of the next death. Counted aside: threads that counted together would step over some."""
        number = self.count
        while (self.directory / str(number)).exists():
            number += 1
        self.count = number
        return number

    def are_left(self) -> bool:
        return self.next() < self.wanted

    def boundary(self, name: str) -> None:
        number = self.next()
        if number >= self.wanted or name != self.names[number % len(self.names)]:
            return
        if random.Random(f"{os.getpid()} {time.monotonic_ns()}").random() >= _CHANCE:
            return
        with self.dying:  # of the threads of a process one kills it
            try:
                with (self.directory / str(number)).open("x") as file:
                    file.write(name)
            except FileExistsError:  # another process was faster
                return
            self.die()

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def server() -> Callable[..., Iterable[bytes]]:
    """The service, fatal. Its last boundary is when all is done and the answer has not left."""
    deaths = Deaths(_STEPS)
    leaving = deaths.named("before the answer leaves")

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer: Iterable[bytes] = _service(environ, start_response)
        if environ["PATH_INFO"].startswith("/api/v1/"):
            deaths.boundary(leaving)
        return answer

    return application
