"""`manage.py insert_card [CARD]`: put a card into a PC/SC reader, where OpenSC and any PKCS#11 program find it."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cards import issuance
from cards.chip import apdu, vpcd
from cards.chip.card import VirtualCard
from cards.chip.memory import CardFile
from cards.models import Card

_SAID = """Inserted {card}.card, on 127.0.0.1:{first} and {second}. Ctrl-C takes it out.

The reader, in another terminal (a pcscd that runs already must be stopped first):
  sudo pcscd --foreground --config {readers}
Then any program that speaks PC/SC or PKCS#11 finds the card:
  opensc-tool --name
  pkcs15-tool --list-certificates
  echo hello | pkcs11-tool --token-label "JPKI (User Authentication PIN)" --login --sign \\
    --mechanism SHA256-RSA-PKCS --output-file signature"""


class Command(BaseCommand):
    help = "Put a card into the virtual PC/SC reader (vsmartcard-vpcd in client mode) until stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("card", nargs="?", default="hanako", help="the card's short name (default: hanako)")
        parser.add_argument("--port", type=int, default=vpcd.DEFAULT_PORT, help="first of two loopback ports")

    def handle(self, *args: Any, card: str, port: int, **options: Any) -> None:
        file = CardFile(Path(settings.CARDS_DIR) / f"{card}.card")
        if not file.is_there():
            raise CommandError(
                "There is no card of this name. The demo's cards are made by: manage.py demo --load-only"
            )
        row = Card.objects.filter(chip_slug=card, state=Card.State.IN_PRODUCTION).first()
        if row is not None:
            issuance.personalise(card=row, at=timezone.now())

        def insert() -> VirtualCard | None:
            # OpenSC explains 6983 as "PIN locked", and the 6984 of real cards as a general error.
            return VirtualCard(file, blocked_status=apdu.AUTHENTICATION_BLOCKED) if file.is_there() else None

        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        with vpcd.inserted(insert, port=port) as opened:
            readers = Path(settings.CARDS_DIR).parent / "readers"
            readers.mkdir(exist_ok=True)
            (readers / "reader.conf").write_text(vpcd.reader_conf(opened))
            self.stdout.write(_SAID.format(card=card, first=opened, second=opened + 1, readers=readers))
            self.stdout.flush()
            try:
                signal.pause()
            except KeyboardInterrupt:
                self.stdout.write("Taken out.")
