"""`manage.py diagnose_agency`: what an agency needs to ask and to answer, and what to do where it fails."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from agencies.models import Agency
from exchange import diagnosis


class Command(BaseCommand):
    help = "Check what an agency needs to take part, and say what to do for each thing that fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agency", help="local code of the agency, six digits")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(local_code=options["agency"]).first()
        if agency is None:
            raise CommandError("No agency has this local code.")
        with translation.override("en"):
            checks = diagnosis.diagnose(agency, at=timezone.now())
        for check in checks:
            if check.is_good:
                self.stdout.write(f"good    {check.name}.")
            else:
                self.stdout.write(f"FAILED  {check.name}. {check.what_to_do}")
        failed = sum(not check.is_good for check in checks)
        if failed:
            raise CommandError(f"{failed} of {len(checks)} checks failed.")
