"""The demo's card reader: the stand-alone program, which here also lets a new card make its keys when first inserted.

`python -m mynaportal.demo.reader --port 8002 --portal-origin http://127.0.0.1:8000`
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import threading

import django


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m mynaportal.demo.reader")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--portal-origin", action="append", required=True)
    options = parser.parse_args()
    django.setup()

    from django.conf import settings

    from cards.reader import Pairing, ReaderServer
    from cards.reader.pairing import show_in_terminal

    # The demo's portal has been handed its token, so that nobody has to type digits; here they go to the servers' log.
    pairing = Pairing(settings.READER_SECRET, show_in_terminal)
    with ReaderServer(options.port, settings.CARDS_DIR, options.portal_origin, pairing, personalise) as server:
        # serve_forever cannot be ended from its own thread, where the signal arrives.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def personalise(slug: str) -> None:
    """The issuer's part at first insertion: the chip makes its keys, the authorities sign, the number is written."""
    from django.db import connections
    from django.utils import timezone

    from cards import issuance
    from cards.models import Card

    try:
        issuance.personalise(card=Card.objects.get(chip_slug=slug), at=timezone.now())
    finally:
        connections.close_all()


if __name__ == "__main__":
    main()
