"""`manage.py personalise_cards`: keys and certificates for all waiting cards now, not at their first insertion."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from cards import issuance
from cards.management.bar import bar


class Command(BaseCommand):
    help = (
        "Let every card that was made the short way (PINs first) make its keys and get its certificates, in batches. "
        "Without it a card does so when it is first put into the reader. Started again, it goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=50, help="cards in one transaction (default 50)")

    def handle(self, *args: Any, **options: Any) -> None:
        waiting = list(issuance.waiting_for_keys().order_by("pk"))
        show, done = bar(sys.stderr), 0
        for _ in issuance.personalise_all(cards=waiting, at=timezone.now(), batch=options["batch"]):
            done += 1
            show(done, len(waiting))
        self.stdout.write(f"{done} cards are ready.")
