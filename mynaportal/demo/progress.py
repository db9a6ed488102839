"""A progress bar on a terminal, a line per stage elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")
_REDRAW_SECONDS = 0.1


class Progress:
    """Shows one stage at a time. `each(things)` passes them on and moves the bar."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._is_terminal = self._out.isatty()
        self._title, self._begun, self._drawn = "", 0.0, 0.0

    def stage(self, title: str) -> None:
        self._title, self._begun, self._drawn = title, time.monotonic(), 0.0
        if self._is_terminal:
            self._write(f"\r  {title} ")

    def each(self, things: Iterable[T], total: int) -> Iterator[T]:
        for number, thing in enumerate(things, 1):
            yield thing
            self.at(number, total)

    def at(self, done: int, total: int) -> None:
        """Draw the bar, at most ten times a second."""
        now = time.monotonic()
        if not self._is_terminal or (now - self._drawn < _REDRAW_SECONDS and done < total):
            return
        self._drawn = now
        width = max(10, min(30, shutil.get_terminal_size().columns - len(self._title) - 30))
        full = width * done // max(total, 1)
        left = (now - self._begun) / max(done, 1) * (total - done)
        self._write(f"\r  {self._title} [{'#' * full}{'.' * (width - full)}] {done}/{total}, {left:.0f} s left   ")

    def finish(self) -> None:
        seconds = time.monotonic() - self._begun
        end = "\r\033[K" if self._is_terminal else ""
        self._write(f"{end}  {self._title}: done in {seconds:.1f} s\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
