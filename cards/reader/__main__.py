"""`python -m cards.reader --port 8002 --cards var/cards --portal-origin http://127.0.0.1:8000`"""

from __future__ import annotations

import argparse
import contextlib
import logging
from pathlib import Path

from cards.reader.pairing import Pairing, show_in_terminal
from cards.reader.pcsc import NoService, PcscReaders
from cards.reader.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m cards.reader", description="The card reader of this computer.")
    parser.add_argument("--port", type=int, default=8002, help="port on the loopback address")
    parser.add_argument("--cards", type=Path, default=Path("var/cards"), help="directory of the inserted cards")
    parser.add_argument(
        "--portal-origin", action="append", required=True, help="a site that may ask for a card; may be repeated"
    )
    parser.add_argument(
        "--pairing", type=Path, default=Path("var/reader/pairing.key"), help="the secret that allowed sites depend on"
    )
    parser.add_argument("--pcsc", action="store_true", help="use the card readers of this machine too (pcscd)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="{asctime} {levelname} {name} {message}", style="{")
    try:
        readers = PcscReaders() if options.pcsc else None
    except NoService:
        parser.error("There is no PC/SC library on this machine (Debian: libpcsclite1 and pcscd).")
    with contextlib.suppress(KeyboardInterrupt):
        serve(
            options.port,
            options.cards,
            options.portal_origin,
            Pairing(options.pairing, show_in_terminal),
            readers=readers,
        )


if __name__ == "__main__":
    main()
