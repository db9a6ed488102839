"""A progress bar on a terminal; elsewhere nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

_WIDTH = 30


def bar(out: TextIO) -> Callable[[int, int], None]:
    """Call it with what is done and the total; it draws at each hundredth."""
    drawn = -1

    def show(done: int, total: int) -> None:
        nonlocal drawn
        hundredth = 100 * done // max(total, 1)
        if not out.isatty() or hundredth == drawn:
            return
        drawn = hundredth
        filled = _WIDTH * hundredth // 100
        out.write(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}")
        if done >= total:
            out.write("\n")
        out.flush()

    return show
