"""`manage.py ask_witnesses`: have the newest checkpoint signed by every witness in MYNA_WITNESSES."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchange import audit
from exchange.witnessing import NotWitnessed, Witness, ask


class Command(BaseCommand):
    help = "Ask each witness to sign that the log continues what it saw before; first check the log's own rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without-check", action="store_true", help="leave out the check of all rows (see check_log)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.WITNESSES:
            raise CommandError("No witness is named: MYNA_WITNESSES='<address> <verifier key>, …'.")
        if not options["without_check"] and (fault := next(audit.faults(), "")):
            raise CommandError(f"No witness was asked: {fault}")
        failed = 0
        for text in settings.WITNESSES:
            witness = Witness.parse(text)
            try:
                size = ask(witness)
                self.stdout.write(f"{witness.verifier.name} signed the log of {size} entries.")
            except NotWitnessed as reason:
                failed += 1
                self.stderr.write(f"{witness.verifier.name} did not sign: {reason}")
        if failed:
            raise CommandError(f"{failed} of {len(settings.WITNESSES)} witnesses did not sign.")
