"""DER (X.690), as much of it as certificates, lists and status answers need: written by hand, for they are many."""

from __future__ import annotations

import datetime as dt
from functools import cache

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED, UTC_TIME, GENERALIZED_TIME, SEQUENCE = 0x0A, 0x17, 0x18, 0x30
NULL_VALUE = b"\x05\x00"


class NotDer(ValueError):
    """These bytes are not what was expected, or not in the one strict encoding."""


def tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, b"".join(parts))


def explicit(number: int, content: bytes) -> bytes:
    """[number] EXPLICIT."""
    return tlv(0xA0 | number, content)


def integer(value: int) -> bytes:
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def bit_string(content: bytes) -> bytes:
    return tlv(BIT_STRING, b"\x00" + content)


@cache
def oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    octets = b"".join(_base128(arc) for arc in (first * 40 + second, *rest))
    return tlv(OID, octets)


def generalized_time(at: dt.datetime) -> bytes:
    return tlv(GENERALIZED_TIME, at.astimezone(dt.UTC).strftime("%Y%m%d%H%M%SZ").encode())


def time(at: dt.datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, section 4.1.2.5)."""
    at = at.astimezone(dt.UTC)
    return tlv(UTC_TIME, at.strftime("%y%m%d%H%M%SZ").encode()) if at.year < 2050 else generalized_time(at)


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """An Extension whose extnValue holds this DER."""
    flag = b"\x01\x01\xff" if critical else b""
    return sequence(oid(dotted), flag, tlv(OCTET_STRING, value))


class Reader:
    """Reads one value after the other; whatever is not strict raises NotDer."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def next_is(self, tag: int) -> bool:
        return self._at < len(self._data) and self._data[self._at] == tag

    def raw(self, tag: int) -> bytes:
        """The whole next value with its tag and length."""
        start = self._at
        self.take(tag)
        return self._data[start : self._at]

    def take(self, tag: int) -> bytes:
        """The content of the next value, which must have this tag."""
        data, at = self._data, self._at
        if len(data) < at + 2 or data[at] != tag:
            raise NotDer
        length, at = data[at + 1], at + 2
        if length >= 0x80:
            count = length & 0x7F
            octets = data[at : at + count]
            if not 1 <= count <= 4 or len(octets) < count or octets[0] == 0:
                raise NotDer
            length, at = int.from_bytes(octets, "big"), at + count
            if length < 0x80:
                raise NotDer
        if len(data) < at + length:
            raise NotDer
        self._at = at + length
        return data[at : at + length]

    def inside(self, tag: int) -> Reader:
        return Reader(self.take(tag))

    def integer(self) -> int:
        content = self.take(INTEGER)
        if not content or (len(content) > 1 and content[0] in (0x00, 0xFF) and content[0] >> 7 == content[1] >> 7):
            raise NotDer
        return int.from_bytes(content, "big", signed=True)

    def end(self) -> None:
        if self:
            raise NotDer


def whole(data: bytes, tag: int = SEQUENCE) -> Reader:
    """A reader of what is inside the one value that these bytes are. Raises NotDer."""
    outer = Reader(data)
    inner = outer.inside(tag)
    outer.end()
    return inner


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))
