"""manage.py assign_numbers: give an Individual Number to every resident who has none. Safe to stop and start again."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from numbering.assignment import assign_all

_WIDTH = 30


class Command(BaseCommand):
    help = "Assign Individual Numbers to all residents who have none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="residents per transaction (default 500)")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        issued = assign_all(at=timezone.now(), batch=options["batch"], progress=self._show)
        seconds = max(time.monotonic() - began, 0.001)
        self.stdout.write(f"{issued} numbers assigned, {issued / seconds:.0f} per second.")

    def _show(self, done: int, total: int) -> None:
        filled = _WIDTH * done // total
        self.stderr.write(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}", ending="")
        if done >= total:
            self.stderr.write("")
