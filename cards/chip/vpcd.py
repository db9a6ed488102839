"""The card in a PC/SC reader: the protocol of vsmartcard's virtual reader driver (vpcd), as its client mode dials it.

pcscd connects to two ports, one per slot, and its driver (3.3) ends pcscd when either refuses or hangs up. So the card
lies in the first slot, and a card without applications in the second. Both listen on the loopback address only. Frames
are two bytes of length and the content: one byte is a control (off, on, reset, ATR), anything else a command APDU.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

from cards.chip import apdu
from cards.chip.card import VirtualCard
from cards.chip.memory import CardRemoved

ATR = bytes.fromhex("3BE000FF8131FE4514")
_BLANK_ATR = bytes.fromhex("3B00")
LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 0x8C90
# Where Debian's package puts the driver.
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"

_OFF, _ON, _RESET, _GET_ATR = b"\x00", b"\x01", b"\x02", b"\x04"

log = logging.getLogger("cards.chip")


def reader_conf(port: int) -> str:
    """What pcscd reads to dial us: as its own package configures it, the driver would listen on every address."""
    return f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME localhost:{port}\nLIBPATH {DRIVER}\nCHANNELID {port}\n'


def answer(card: VirtualCard | None, frame: bytes) -> bytes | None:
    """What goes back for one frame; None for the controls that get no answer. Raises CardRemoved."""
    if frame in (_OFF, _ON, _RESET):
        if card is not None:
            card.power_off()
        return None
    if frame == _GET_ATR:
        return _BLANK_ATR if card is None else ATR
    return apdu.FILE_NOT_FOUND if card is None else card.transmit(frame)


class _Slot(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, insert: Callable[[], VirtualCard | None]) -> None:
        super().__init__((LOOPBACK, port), _Connection)
        self.insert = insert


class _Connection(socketserver.BaseRequestHandler):
    server: _Slot
    request: socket.socket

    def handle(self) -> None:
        card = self.server.insert()
        with contextlib.suppress(ConnectionError):
            for frame in _frames(self.request):
                try:
                    content = answer(card, frame)
                except CardRemoved:
                    log.info("the card was taken out")
                    return
                if content is not None:
                    self.request.sendall(len(content).to_bytes(2, "big") + content)


def _frames(connection: socket.socket) -> Iterator[bytes]:
    """The frames that come in until the other side hangs up."""
    with connection.makefile("rb") as stream:
        while len(head := stream.read(2)) == 2:
            length = int.from_bytes(head, "big")
            frame = stream.read(length)
            if len(frame) != length:
                return
            yield frame


@contextlib.contextmanager
def inserted(insert: Callable[[], VirtualCard | None], *, port: int = DEFAULT_PORT) -> Iterator[int]:
    """Both slots, open until the block ends. `insert` gives the first slot's card at each connection of the driver."""
    with _Slot(port, insert) as first, _Slot(first.server_address[1] + 1, lambda: None) as second:
        threads = [threading.Thread(target=slot.serve_forever, daemon=True) for slot in (first, second)]
        for thread in threads:
            thread.start()
        try:
            yield first.server_address[1]
        finally:
            for slot in (first, second):
                slot.shutdown()
