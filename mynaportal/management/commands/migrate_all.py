"""Bring all four databases up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from databases import ALIASES
from mynaportal import migrating


class Command(BaseCommand):
    help = "Migrate the four databases; does nothing to one that is up to date."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--create", action="store_true", help="first make PostgreSQL databases that are absent")

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in ALIASES:
            if options["create"] and migrating.create_if_absent(alias):
                self.stdout.write(f"{alias}: database made")
            count = migrating.migrate(alias)
            if count or options["verbosity"] > 1:
                self.stdout.write(f"{alias}: {count} migrations applied" if count else f"{alias}: up to date")
