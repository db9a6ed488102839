"""`manage.py check_log`: hash every entry of the log again and compare with everything that was ever signed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exchange import audit, tree


class Command(BaseCommand):
    help = "Compare the log of records with its tree, its tiles and every checkpoint; name what was changed."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = [*audit.faults(), *audit.sides_amiss(at=timezone.now())]
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError("The log is not what was signed.")
        newest = tree.newest_checkpoint()
        self.stdout.write(f"The log is whole: {newest.size if newest else 0} entries.")
