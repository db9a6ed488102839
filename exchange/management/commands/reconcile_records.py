"""`manage.py reconcile_records`: report every event of the last days that lacks one of its copies."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from exchange import reconciliation

_TIME_TO_END = timedelta(minutes=5)


class Command(BaseCommand):
    help = "Compare the exchange's records with the providers' copies; name each event whose copies differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=2, help="how far to look back (2)")

    def handle(self, *args: Any, **options: Any) -> None:
        until = timezone.now() - _TIME_TO_END
        found = reconciliation.differences(since=until - timedelta(days=options["days"]), until=until)
        counts: Counter[str] = Counter()
        for difference in found:
            counts[difference.what] += 1
            self.stderr.write(f"{difference.reference}: {difference.what}")
        if counts:
            raise CommandError("; ".join(f"{count} × {what}" for what, count in counts.items()))
        self.stdout.write("Every event has its copies.")
