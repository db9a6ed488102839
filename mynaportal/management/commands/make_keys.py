"""Make the secret keys that this process's doors need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cards import authorities
from cards.pki.profiles import PROFILES
from keys import custody
from mynaportal.doors import ISSUING_DOOR


class Command(BaseCommand):
    help = (
        "Make every key that the doors of this process (MYNA_DOORS) need and that is not there yet, for the desk also "
        "the authorities that sign cards. With --next, make a new current key for one purpose; the older ones stay for "
        "opening what they sealed. With --copy-to, give the keys of these doors, and no others, to their server; "
        "the authorities' certificates go to all, their private keys to the desk's."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--next", metavar="PURPOSE", help="make the next key of this purpose")
        parser.add_argument("--copy-to", metavar="DIRECTORY", type=Path, help="copy the keys into this directory")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["next"]:
            self._make_next(options["next"])
        elif options["copy_to"]:
            self._copy_to(options["copy_to"])
        else:
            self._make_missing()

    def _make_next(self, purpose: str) -> None:
        if purpose not in settings.KEY_PURPOSES:
            known = ", ".join(sorted(settings.KEY_PURPOSES))
            raise CommandError(f"No purpose of this name behind the doors of this process. There are: {known}.")
        self.stdout.write(f"{purpose}: key {custody.create(purpose)} is now current")

    def _make_missing(self) -> None:
        for purpose in sorted(settings.KEY_PURPOSES):
            if not any(settings.KEYS_DIR.glob(f"{purpose}.*.key")):
                self.stdout.write(f"{purpose}: key {custody.create(purpose)} made")
        if ISSUING_DOOR in settings.MYNA_DOORS:
            for purpose, profile in PROFILES.items():
                if not authorities.generations(purpose):
                    authorities.make(purpose, generation=1, at=timezone.now())
                    self.stdout.write(f"{profile.file_stem}: authority made")

    def _copy_to(self, directory: Path) -> None:
        for purpose in sorted(settings.KEY_PURPOSES):
            self._copy(settings.KEYS_DIR, f"{purpose}.*.key", directory)
        self._copy(Path(settings.PKI_DIR), "*.cer", directory / "pki")
        if ISSUING_DOOR in settings.MYNA_DOORS:
            self._copy(Path(settings.PKI_DIR), "*.key", directory / "pki")

    def _copy(self, origin: Path, pattern: str, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for source in sorted(origin.glob(pattern)):
            target = directory / source.name
            if target.exists():
                continue
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(source.read_bytes())
            self.stdout.write(f"{source.name}: copied")
