"""manage.py ca_ceremony: make the next generation of an authority's key, with two operators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cards import ceremony
from cards.pki.keystore import NoKey
from cards.pki.profiles import PROFILES


class Command(BaseCommand):
    help = (
        "Make the next generation of an authority's key and certificate. The certificate is rehearsed with a throwaway "
        "key and judged first; both operators confirm at the keyboard; the new key signs the minutes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("purpose", choices=list(PROFILES), help="whose key")
        parser.add_argument("--operator", action="append", required=True, metavar="NAME", help="give it twice")
        parser.add_argument("--minutes", type=Path, required=True, metavar="FILE", help="where the minutes are written")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            signed = ceremony.perform(
                options["purpose"],
                operators=options["operator"],
                confirm=self._confirm,
                minutes=options["minutes"],
                at=timezone.now(),
            )
        except (ceremony.Refused, NoKey) as error:
            raise CommandError(str(error)) from None
        minutes = signed["minutes"]
        self.stdout.write(f"Made: {minutes['authority']}, generation {minutes['generation']} ({minutes['suite']}).")
        self.stdout.write(f"SHA-256 of the certificate: {_grouped(minutes['certificate_sha256'])}")
        self.stdout.write(f"SHA-256 of the public key:  {_grouped(minutes['key_sha256'])}")
        self.stdout.write(f"Minutes, signed by the new key: {options['minutes']}")

    def _confirm(self, operator: str, text: str) -> bool:
        self.stdout.write(f"The rehearsal was faultless: {text}.")
        return input(f'{operator}: type "make it" to go on: ').strip() == "make it"


def _grouped(hexadecimal: str) -> str:
    return ":".join(hexadecimal[at : at + 4] for at in range(0, len(hexadecimal), 4))
