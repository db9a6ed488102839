"""How far the small country has come: stages that are done, so that a killed run goes on where it stopped.

One file, `var/demo.json`, for its owner only. While the country is being filled it also says which person of the
generator became which resident; that is forgotten as soon as the last stage is done.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Plan:
    """The country that is being made. `at` is the one instant that all its acts bear, so that times join nothing."""

    seed: int
    residents: int
    at: str
    done: list[str] = field(default_factory=list)
    resident_ids: dict[str, str] = field(default_factory=dict)  # by the generator's key
    own_ids: dict[str, dict[str, str]] = field(default_factory=dict)  # agency: its own id: key
    is_complete: bool = False

    def save(self, directory: Path) -> None:
        """Replace the file in one step: it is the old plan or the new one, never half of it."""
        draft = directory / f".demo.{os.getpid()}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(directory / "demo.json")

    def complete(self, directory: Path) -> None:
        """Every stage is done: forget who is who."""
        self.resident_ids, self.own_ids, self.is_complete = {}, {}, True
        self.save(directory)


def load(directory: Path) -> Plan | None:
    """The plan of an earlier run, finished or not."""
    try:
        return Plan(**json.loads((directory / "demo.json").read_text()))
    except FileNotFoundError:
        return None


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold the directory while the country is filled: a second run waits and then finds it done."""
    with os.fdopen(os.open(directory / "demo.lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
