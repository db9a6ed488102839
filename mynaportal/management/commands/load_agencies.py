"""Bring the list of agencies in line with agencies/reference.csv."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exchange import trust


class Command(BaseCommand):
    help = (
        "Load the agencies of agencies/reference.csv; again changes nothing. In a process with the desk's keys it also "
        "registers the portal's and the staff directory's own keys for codes."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{trust.load_agencies(at=timezone.now())} agencies")
