"""The contents of the card's files, as bytes (BER-TLV with private tags, filled up with FF)."""

from __future__ import annotations

import datetime as dt

# The first day of each era, for the code on the card's surface that is made from the birth date.
_ERAS = (
    dt.date(2019, 5, 1),
    dt.date(1989, 1, 8),
    dt.date(1926, 12, 25),
    dt.date(1912, 7, 30),
    dt.date(1868, 1, 25),
)


def tlv(tag: bytes, value: bytes) -> bytes:
    """Tag, length (BER, shortest form), value."""
    length = len(value)
    if length < 0x80:
        return tag + bytes([length]) + value
    size = (length.bit_length() + 7) // 8
    return tag + bytes([0x80 | size]) + length.to_bytes(size, "big") + value


def number_file(number: str) -> bytes:
    """The Individual Number: FF10 0C and twelve digits, in a file of 17 bytes."""
    return tlv(b"\xff\x10", number.encode()).ljust(17, b"\xff")


def attributes_file(*, name: str, address: str, birth_date: str, sex: str) -> bytes:
    """Name, address, birth date and sex: FF20 { DF21 offsets, DF22 name, DF23 address, DF24 YYYYMMDD, DF25 sex }."""
    parts = [
        tlv(b"\xdf\x22", name.encode()),
        tlv(b"\xdf\x23", address.encode()),
        tlv(b"\xdf\x24", eight_digits(birth_date).encode()),
        tlv(b"\xdf\x25", sex.encode()),
    ]
    body_length = 11 + sum(map(len, parts))  # DF21 08 and four offsets take eleven bytes
    header = len(tlv(b"\xff\x20", bytes(body_length))) - body_length
    offsets, at = b"", header + 11
    for part in parts:
        offsets += at.to_bytes(2, "big")
        at += len(part)
    return tlv(b"\xff\x20", tlv(b"\xdf\x21", offsets) + b"".join(parts))


def card_information(*, serial: str, municipality: str, expires_on: dt.date) -> bytes:
    """The common application's record: 15 digits of serial, 5 of municipality, the last day as YYYYMMDD."""
    return tlv(b"\x01", f"{serial}{municipality}{expires_on:%Y%m%d}".encode())


def eight_digits(birth_date: str) -> str:
    """A registered birth date as YYYYMMDD, with zeros for what is not known."""
    return birth_date.replace("-", "").ljust(8, "0")


def era_date(birth_date: str) -> str | None:
    """The birth date by era, YYMMDD, as the surface-check application asks for it; None where it is not known."""
    if len(birth_date) != 10:
        return None
    born = dt.date.fromisoformat(birth_date)
    era = next((start for start in _ERAS if born >= start), None)
    return None if era is None else f"{born.year - era.year + 1:02}{born:%m%d}"


def age_file(*, birth_date: str, public_key: bytes = b"") -> bytes:
    """FF10 { DF11 birth date, DF12 key, DF13 signature }: what a shop needs to know that somebody is of age."""
    parts = (b"\xdf\x11", eight_digits(birth_date).encode()), (b"\xdf\x12", public_key), (b"\xdf\x13", b"")
    return tlv(b"\xff\x10", b"".join(tlv(tag, value) for tag, value in parts))


def face_file(
    *, birth_date: str, sex: str, name: str, address: str, photo: bytes, expires_on: dt.date, security_code: str
) -> bytes:
    """FF20 { DF21 offsets, DF22 to DF2A }: what is printed on the front.

    Real cards hold name, address and code as pictures; ours hold the text that would be in them, and the photo as JPEG.
    """
    values = [
        eight_digits(birth_date).encode(), sex.encode(), b"", name.encode(), address.encode(), photo, b"",
        f"{expires_on:%Y%m%d}".encode(), security_code.encode(),
    ]  # fmt: skip
    parts = [tlv(bytes([0xDF, 0x22 + number]), value) for number, value in enumerate(values)]
    body_length = 3 + 4 * len(parts) + sum(map(len, parts))
    at = len(tlv(b"\xff\x20", bytes(body_length))) - sum(map(len, parts))
    offsets = b""
    for part in parts:
        offsets += at.to_bytes(4, "big")
        at += len(part)
    return tlv(b"\xff\x20", tlv(b"\xdf\x21", offsets) + b"".join(parts))


def record_code_file(code: str) -> bytes:
    """The resident record code: FF10 0B and eleven digits."""
    return tlv(b"\xff\x10", code.encode())


def code_b(*, birth_date: str, expires_on: dt.date, security_code: str) -> str | None:
    """What a clerk types from the surface: birth date by era (YYMMDD), expiry year, security code: 14 digits.

    None for a birth date that is not fully known.
    """
    born = era_date(birth_date)
    return None if born is None else f"{born}{expires_on:%Y}{security_code}"
