"""The reader's conversation with a card, in APDUs: the same for a demo card and for one in a real reader."""

from __future__ import annotations

from collections.abc import Callable

from cards.chip import digest_info

_SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
_OK = b"\x90\x00"
_PIN, _KEY, _CERTIFICATE = 0x18, 0x17, 0x0A


class CardProblem(Exception):
    """The card answered something that it should not have."""


class PinWrong(Exception):
    """`tries` are left."""

    def __init__(self, tries: int) -> None:
        super().__init__()
        self.tries = tries


class PinBlocked(Exception):
    """No try is left; only the municipality's counter can unlock the PIN."""


class NotPersonalised(Exception):
    """The card has no keys yet."""


class Terminal:
    """User authentication with one card. `transmit` sends a command APDU and returns the response."""

    def __init__(self, transmit: Callable[[bytes], bytes]) -> None:
        self._transmit = transmit

    def tries_left(self) -> int:
        """How many wrong PINs the card still forgives. Raises CardProblem."""
        self._select_application()
        status = self._transmit(bytes([0x00, 0x20, 0x00, 0x80 | _PIN]))
        if status[0] != 0x63 or status[1] & 0xF0 != 0xC0:
            raise CardProblem
        return status[1] & 0x0F

    def certificate(self) -> bytes:
        """The user authentication certificate (DER), which anyone may read. Raises NotPersonalised, CardProblem."""
        self._select_application()
        if self._transmit(bytes([0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, _CERTIFICATE])) != _OK:
            raise NotPersonalised
        head = self._read(0, 4)
        if len(head) != 4 or head[:2] != b"\x30\x82":
            raise CardProblem
        length = 4 + int.from_bytes(head[2:], "big")
        content = b""
        while len(content) < length:
            content += self._read(len(content), min(256, length - len(content)))
        return content

    def sign(self, *, pin: str, digest: bytes) -> bytes:
        """Show the PIN to the card and have it sign a SHA-256 digest. Raises PinWrong, PinBlocked, CardProblem."""
        self._select_application()
        status = self._transmit(bytes([0x00, 0x20, 0x00, 0x80 | _PIN, len(pin)]) + pin.encode("ascii"))
        if status in (b"\x69\x83", b"\x69\x84", b"\x63\xc0"):
            raise PinBlocked
        if status[0] == 0x63:
            raise PinWrong(status[1] & 0x0F)
        if status != _OK:
            raise CardProblem
        data = digest_info.encode_sha256(digest)
        answer = self._transmit(bytes([0x80, 0x2A, 0x00, 0x80 | _KEY, len(data)]) + data + b"\x00")
        if answer[-2:] != _OK:
            raise CardProblem
        return answer[:-2]

    def _select_application(self) -> None:
        if self._transmit(_SELECT_JPKI) != _OK:
            raise CardProblem

    def _read(self, offset: int, length: int) -> bytes:
        answer = self._transmit(bytes([0x00, 0xB0]) + offset.to_bytes(2, "big") + bytes([length & 0xFF]))
        if answer[-2:] != _OK or len(answer) == 2:
            raise CardProblem
        return answer[:-2]
