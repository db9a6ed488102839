"""Make the secret keys that this process's doors need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from keys import custody


class Command(BaseCommand):
    help = (
        "Make every key that the doors of this process (MYNA_DOORS) need and that is not there yet. "
        "With --next, make a new current key for one purpose; the older ones stay for opening what they sealed. "
        "With --copy-to, give the keys of these doors, and no others, to the server that opens them."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--next", metavar="PURPOSE", help="make the next key of this purpose")
        parser.add_argument("--copy-to", metavar="DIRECTORY", type=Path, help="copy the keys into this directory")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["next"]:
            if options["next"] not in settings.KEY_PURPOSES:
                known = ", ".join(sorted(settings.KEY_PURPOSES))
                raise CommandError(f"No purpose of this name behind the doors of this process. There are: {known}.")
            self.stdout.write(f"{options['next']}: key {custody.create(options['next'])} is now current")
            return
        if options["copy_to"]:
            self._copy(options["copy_to"])
            return
        for purpose in sorted(settings.KEY_PURPOSES):
            if not any(settings.KEYS_DIR.glob(f"{purpose}.*.key")):
                self.stdout.write(f"{purpose}: key {custody.create(purpose)} made")

    def _copy(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for purpose in sorted(settings.KEY_PURPOSES):
            for source in sorted(settings.KEYS_DIR.glob(f"{purpose}.*.key")):
                target = directory / source.name
                if target.exists():
                    continue
                descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(source.read_bytes())
                self.stdout.write(f"{source.name}: copied")
