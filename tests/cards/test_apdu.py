"""Command APDUs of ISO/IEC 7816-4, clause 5.1: the seven forms, and lengths that do not agree."""

from __future__ import annotations

import pytest

from cards.chip.apdu import WrongLength, parse


@pytest.mark.parametrize(
    ("apdu", "data", "expected"),
    [
        ("00A40000", "", None),
        ("00B0000000", "", 256),
        ("00B0000004", "", 4),
        ("0020008004 31323334", "31323334", None),
        ("802A008002 AABB 00", "aabb", 256),
        ("00B00000 000000", "", 65536),
        ("00B00000 000200", "", 512),
        ("00200080 000004 31323334", "31323334", None),
        ("802A0080 000002 AABB 0000", "aabb", 65536),
    ],
)
def test_forms(apdu: str, data: str, expected: int | None) -> None:
    command = parse(bytes.fromhex(apdu))
    assert (command.data.hex(), command.expected) == (data, expected)


@pytest.mark.parametrize(
    "apdu",
    [
        "",
        "00",
        "00A404",
        "0020008005 31323334",  # Lc longer than the data
        "0020008003 313233340000",  # and shorter
        "00200080 0000 04 3132",
        "00200080 000000 31",
        "00200080 0000",
    ],
)
def test_lengths_that_do_not_agree(apdu: str) -> None:
    with pytest.raises(WrongLength):
        parse(bytes.fromhex(apdu))


def test_a_command_does_not_show_its_pin() -> None:
    assert "1234" not in repr(parse(bytes.fromhex("002000800431323334")))
    assert "31323334" not in repr(parse(bytes.fromhex("002000800431323334")))
