"""Merge the rooms' Japanese texts into the catalogue that Django loads."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mynaportal import catalogues


class Command(BaseCommand):
    help = "Merge locale/parts/*.po into locale/ja/LC_MESSAGES/django.mo; does nothing when that is up to date."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = catalogues.compile_all()
        except catalogues.CatalogueError as error:
            raise CommandError(str(error)) from None
        if count is not None:
            self.stdout.write(f"Compiled {count} Japanese texts.")
