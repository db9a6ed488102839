"""Django's own check, which here also asks the four databases."""

from __future__ import annotations

from typing import Any

from django.core.checks import register
from django.core.management.commands import check

from mynaportal.checks import databases_are_migrated


class Command(check.Command):
    help = "Checks the entire project, its four databases included. With --deploy also for stand-ins of development."

    def handle(self, *app_labels: str, **options: Any) -> None:
        register(databases_are_migrated)
        super().handle(*app_labels, **options)
