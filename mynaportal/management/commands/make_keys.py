"""Make the secret keys that this process's doors need."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from keys import custody


class Command(BaseCommand):
    help = (
        "Make every key that the doors of this process (MYNA_DOORS) need and that is not there yet. "
        "With --next, make a new current key for one purpose; the older ones stay for opening what they sealed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--next", metavar="PURPOSE", help="make the next key of this purpose")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["next"]:
            if options["next"] not in settings.KEY_PURPOSES:
                known = ", ".join(sorted(settings.KEY_PURPOSES))
                raise CommandError(f"No purpose of this name behind the doors of this process. There are: {known}.")
            self.stdout.write(f"{options['next']}: key {custody.create(options['next'])} is now current")
            return
        for purpose in sorted(settings.KEY_PURPOSES):
            if not any(settings.KEYS_DIR.glob(f"{purpose}.*.key")):
                self.stdout.write(f"{purpose}: key {custody.create(purpose)} made")
