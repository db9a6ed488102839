"""manage.py rekey_agency: bring an agency's codes to a new epoch; with --close, destroy the former one.

Safe to stop at any time and to start again: it goes on where it was.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from agencies.models import Agency
from crossings import rekeying
from exchange import scalars
from mynaportal.demo.progress import Progress


class Command(BaseCommand):
    help = "Bring all codes of an agency to a new epoch, after a theft or once a year. Safe to stop and start again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agency", help="local code of the agency, six digits")
        parser.add_argument(
            "--close", action="store_true", help="refuse and destroy the former epoch; its codes are worth nothing then"
        )
        parser.add_argument(
            "--doors-are-shut",
            action="store_true",
            help="needed for the portal and the staff directory: no process serves the portal, the API or the desk now",
        )
        parser.add_argument("--batch", type=int, default=500, help="rows per transaction (default 500)")
        parser.add_argument(
            "--settle",
            type=float,
            default=scalars.SETTLE,
            help=f"seconds until every running process knows of a change (default {scalars.SETTLE:.0f}; 0: none runs)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(local_code=options["agency"]).first()
        if agency is None:
            raise CommandError("No agency has this local code.")
        if rekeying.is_own(agency) and not options["doors_are_shut"]:
            raise CommandError(
                "While these codes change, no one may sign in: stop the portal, the API and the desk, then repeat with"
                " --doors-are-shut."
            )
        progress = Progress(sys.stderr)
        how = {"agency": agency, "batch": options["batch"], "settle": options["settle"], "progress": progress.at}
        how["at"] = timezone.now()
        progress.stage("codes")
        if options["close"]:
            self._close(agency, how)
        else:
            self._rekey(agency, how)
        progress.finish()

    def _rekey(self, agency: Agency, how: dict[str, Any]) -> None:
        done = rekeying.rekey(**how)
        self.stdout.write(f"{agency.local_code}: epoch {done.epoch}, {done.written} rows brought.")
        if done.standing:
            epochs = ", ".join(map(str, done.standing))
            self.stdout.write(f"Codes of epoch {epochs} still convert. When the agency has changed its own: --close.")
        else:
            self.stdout.write("No former epoch stands.")

    def _close(self, agency: Agency, how: dict[str, Any]) -> None:
        try:
            destroyed = rekeying.close(**how)
        except rekeying.NothingToClose:
            raise CommandError("Only one epoch of this agency stands; there is nothing to close.") from None
        self.stdout.write(f"{agency.local_code}: destroyed epoch {', '.join(map(str, destroyed))}.")
        self.stdout.write("Restart long idle processes, and let backups that hold the former scalar expire.")
