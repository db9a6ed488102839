"""`manage.py reconcile_records`: name every event of the last days that lacks a copy, and write what lacks."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from exchange import reconciliation


class Command(BaseCommand):
    help = "Compare the copies of each event; close what was cut off, write what is missing, name what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=2, help="how far to look back (2)")
        parser.add_argument("--only-report", action="store_true", help="repair nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        until = now - reconciliation.TIME_TO_END
        since = until - timedelta(days=options["days"])
        if options["only_report"]:
            found = reconciliation.differences(since=since, until=until)
        else:
            found = reconciliation.repair(since=since, until=until, at=now)
        counts: Counter[str] = Counter()
        for difference in found:
            self.stderr.write(f"{difference.reference}: {difference}")
            counts["repaired" if difference.is_repaired else difference.what] += 1
        repaired = counts.pop("repaired", 0)
        if counts:
            raise CommandError("; ".join(f"{count} × {what}" for what, count in counts.items()))
        plural = "" if repaired == 1 else "s"
        self.stdout.write(f"{repaired} event{plural} repaired." if repaired else "Every event has its copies.")
