"""Real card readers, through the PC/SC service of this machine (pcscd), without any package: libpcsclite by ctypes.

The same commands go to a real card as to a demo card. A card is held exclusively while it is used, and reset after.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator

from cards.chip.memory import CardRemoved
from cards.reader.slots import LOCKED, READY, Inserted
from cards.reader.terminal import CardProblem, Terminal

_LIBRARY = "libpcsclite.so.1"
_SLUG = "pcsc-"
_SCOPE_SYSTEM, _EXCLUSIVE, _ANY_PROTOCOL, _RESET_CARD = 2, 1, 3, 1
_MOST_BYTES = 65538

_Dword = ctypes.c_ulong


class _Request(ctypes.Structure):
    _fields_ = (("protocol", _Dword), ("length", _Dword))


class NoService(Exception):
    """There is no PC/SC library or no service on this machine."""


class PcscCard:
    """A card in a reader: `transmit` as a demo card has it. Raises CardRemoved."""

    def __init__(self, transmit: Callable[[bytes], bytes], close: Callable[[], None]) -> None:
        self._transmit, self._close = transmit, close

    def __repr__(self) -> str:
        return "<PcscCard>"

    def transmit(self, command: bytes) -> bytes:
        return self._transmit(command)

    def power_off(self) -> None:
        """Reset the card, so that no PIN stays open, and let others use it."""
        self._close()


class PcscReaders:
    """The readers of this machine, in the order in which the service names them."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError:
            raise NoService from None

    def inserted(self) -> list[Inserted]:
        """The cards of our kind that are in a reader, each under its reader's name: a name on a card needs a PIN."""
        found = []
        with contextlib.suppress(NoService):
            for number, reader in enumerate(self._names()):
                with contextlib.suppress(CardRemoved, CardProblem):
                    card = self._connect(reader)
                    try:
                        state = READY if Terminal(card.transmit).tries_left() else LOCKED
                    finally:
                        card.power_off()
                    name = reader.decode(errors="replace")
                    found.append(Inserted(f"{_SLUG}{number}", name, name, state))
        return found

    def card(self, slug: str) -> PcscCard:
        """A connection to the card in that reader. Raises CardRemoved."""
        try:
            return self._connect(self._names()[int(slug.removeprefix(_SLUG))])
        except (NoService, IndexError, ValueError):
            raise CardRemoved from None

    @contextlib.contextmanager
    def _context(self) -> Iterator[ctypes.c_long]:
        context = ctypes.c_long()
        if self._library.SCardEstablishContext(_Dword(_SCOPE_SYSTEM), None, None, ctypes.byref(context)):
            raise NoService
        try:
            yield context
        finally:
            self._library.SCardReleaseContext(context)

    def _names(self) -> list[bytes]:
        with self._context() as context:
            length = _Dword()
            if self._library.SCardListReaders(context, None, None, ctypes.byref(length)):
                return []
            names = ctypes.create_string_buffer(length.value)
            if self._library.SCardListReaders(context, None, names, ctypes.byref(length)):
                return []
            return [name for name in names.raw[: length.value].split(b"\0") if name]

    def _connect(self, reader: bytes) -> PcscCard:
        held = contextlib.ExitStack()
        context = held.enter_context(self._context())
        handle, protocol = ctypes.c_long(), _Dword()
        if self._library.SCardConnect(
            context, reader, _Dword(_EXCLUSIVE), _Dword(_ANY_PROTOCOL), ctypes.byref(handle), ctypes.byref(protocol)
        ):
            held.close()
            raise CardRemoved
        held.callback(self._library.SCardDisconnect, handle, _Dword(_RESET_CARD))
        request = _Request(protocol.value, ctypes.sizeof(_Request))

        def transmit(command: bytes) -> bytes:
            answer, length = ctypes.create_string_buffer(_MOST_BYTES), _Dword(_MOST_BYTES)
            if self._library.SCardTransmit(
                handle, ctypes.byref(request), command, _Dword(len(command)), None, answer, ctypes.byref(length)
            ):
                raise CardRemoved
            return answer.raw[: length.value]

        return PcscCard(transmit, held.close)
