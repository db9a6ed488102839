"""The card's files as bytes, by the fact sheet, section 5.1."""

from __future__ import annotations

import datetime as dt

import pytest

from cards.chip import records


def test_the_number_file_has_17_bytes() -> None:
    assert records.number_file("123456789018") == b"\xff\x10\x0c123456789018\xff\xff"


def test_attributes_can_be_found_by_their_offsets() -> None:
    values = {
        "name": "山田　花子",
        "address": "東京都調布市小島町二丁目三十五番地一　" * 3,
        "birth_date": "1990-04",
        "sex": "2",
    }
    file = records.attributes_file(**values)
    assert file[:3] == b"\xff\x20\x81"
    assert file[4:7] == b"\xdf\x21\x08"
    offsets = [int.from_bytes(file[i : i + 2], "big") for i in range(7, 15, 2)]
    assert [file[i : i + 2].hex() for i in offsets] == ["df22", "df23", "df24", "df25"]
    assert file[offsets[0] + 3 :][: file[offsets[0] + 2]].decode() == values["name"]
    assert file[offsets[2] :] == b"\xdf\x24\x0819900400\xdf\x25\x012"


@pytest.mark.parametrize(
    ("length", "head"), [(0, "0100"), (127, "017f"), (128, "018180"), (255, "0181ff"), (256, "01820100")]
)
def test_lengths_are_the_shortest(length: int, head: str) -> None:
    assert records.tlv(b"\x01", bytes(length))[: len(head) // 2].hex() == head


@pytest.mark.parametrize(
    ("born", "code"),
    [
        ("2024-02-10", "06021020360042"),
        ("1990-04-15", "02041520360042"),
        ("1989-01-07", "64010720360042"),  # the last day of Showa
        ("1926-12-25", "01122520360042"),
        ("1990-04", None),
    ],
)
def test_code_b_counts_years_by_era(born: str, code: str | None) -> None:
    expires = dt.date(2036, 4, 15)
    assert records.code_b(birth_date=born, expires_on=expires, security_code="0042") == code
