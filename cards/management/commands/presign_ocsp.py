"""manage.py presign_ocsp: sign answers about certificates ahead, as files for a web server."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cards import delegates, places, signing_ahead
from cards.management.bar import bar


class Command(BaseCommand):
    help = (
        "Sign an answer for every unexpired certificate, by each of the two hashes that clients use. Run it every "
        "night, and with --changed every minute, so that a revoked certificate is not called good for long."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--changed", type=int, metavar="MINUTES", help="only what was revoked in the last minutes")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        try:
            if options["changed"]:
                count = signing_ahead.sign_changed(since=at - dt.timedelta(minutes=options["changed"]), at=at)
            else:
                count = signing_ahead.sign_all(at=at, progress=bar(sys.stderr))
        except delegates.NoResponder:
            raise CommandError("An authority has no responder here: run manage.py publish_status first.") from None
        self.stdout.write(f"{count} answers signed in {places.signed_ahead()}.")
