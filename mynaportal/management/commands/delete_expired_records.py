"""manage.py delete_expired_records: delete what is older than the seven years of its keeping.

Safe to stop at any time and to start again: it goes on where it was.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from exchange import questions, retention
from mynaportal.demo.progress import Progress


class Command(BaseCommand):
    help = "Delete records and providers' copies that are older than seven years. The log's leaves and tree stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="rows per transaction (default 500)")

    def handle(self, *args: Any, **options: Any) -> None:
        now, progress = timezone.now(), Progress(sys.stderr)
        progress.stage("expired records")
        closed, erased = questions.close_answered(at=now), questions.erase_texts(at=now)
        deleted = retention.delete_expired(at=now, batch=options["batch"], progress=progress.at)
        progress.finish()
        self.stdout.write(
            f"Older than {retention.begins(now):%Y-%m-%d}: {deleted.records} records, {deleted.copies} copies and "
            f"{deleted.questions} questions deleted."
        )
        self.stdout.write(f"Questions closed: {closed}; words erased of {erased}.")
