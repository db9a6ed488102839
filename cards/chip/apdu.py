"""Command and response APDUs (ISO/IEC 7816-4, clause 5): short and extended lengths, cases 1 to 4."""

from __future__ import annotations

from typing import NamedTuple

OK = b"\x90\x00"
WRONG_LENGTH = b"\x67\x00"
NOT_AUTHENTICATED = b"\x63\x00"
INCOMPATIBLE_FILE = b"\x69\x81"
SECURITY_NOT_SATISFIED = b"\x69\x82"
AUTHENTICATION_BLOCKED = b"\x69\x83"
REFERENCE_DATA_BLOCKED = b"\x69\x84"
CONDITIONS_NOT_SATISFIED = b"\x69\x85"
NO_CURRENT_FILE = b"\x69\x86"
WRONG_DATA = b"\x6a\x80"
FILE_NOT_FOUND = b"\x6a\x82"
RECORD_NOT_FOUND = b"\x6a\x83"
WRONG_PARAMETERS = b"\x6a\x86"
WRONG_OFFSET = b"\x6b\x00"
UNKNOWN_INSTRUCTION = b"\x6d\x00"
UNKNOWN_CLASS = b"\x6e\x00"


def tries_left(n: int) -> bytes:
    """63Cx: the comparison failed or was not made, and x tries are left."""
    return bytes([0x63, 0xC0 | min(n, 15)])


class WrongLength(ValueError):
    """Lc, Le and the length of the command do not agree."""


class Command(NamedTuple):
    """A command APDU. `expected` is Ne, the greatest number of bytes wanted back; None where Le is absent."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    expected: int | None

    def __repr__(self) -> str:
        return f"<Command {self.ins:02X}>"  # the data of a VERIFY is a PIN


def parse(apdu: bytes) -> Command:
    """Raises WrongLength."""
    if len(apdu) < 4:
        raise WrongLength
    header, body = apdu[:4], apdu[4:]
    data, expected = _extended(body) if len(body) >= 3 and body[0] == 0 else _short(body)
    return Command(header[0], header[1], header[2], header[3], data, expected)


def _short(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or 256
    length = body[0]
    if length and len(body) == 1 + length:
        return body[1:], None
    if length and len(body) == 2 + length:
        return body[1:-1], body[-1] or 256
    raise WrongLength


def _extended(body: bytes) -> tuple[bytes, int | None]:
    first = int.from_bytes(body[1:3], "big")
    if len(body) == 3:
        return b"", first or 65536
    if first and len(body) == 3 + first:
        return body[3:], None
    if first and len(body) == 5 + first:
        return body[3:-2], int.from_bytes(body[-2:], "big") or 65536
    raise WrongLength
