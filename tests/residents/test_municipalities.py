"""Our list of municipalities agrees with the published codes and with the postal data that it is made from."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from numbering.check_digits import is_local_government_code
from residents.errors import UnknownMunicipality
from residents.municipalities import _all, municipality
from residents.names import searchable

PUBLISHED = Path(__file__).parent.parent / "numbering" / "local_government_codes.csv"
# Hamamatsu has had three wards since 2024; the published list (see tests/numbering) still has its former seven.
HAMAMATSU_SINCE_2024 = {"221384", "221392", "221406"}


def test_every_code_is_published_with_this_name() -> None:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        published = {
            row["code"]: row["prefecture"] + row["municipality"].replace(" ", "") for row in csv.DictReader(file)
        }
    ours = {code: known for code, known in _all().items() if code not in HAMAMATSU_SINCE_2024}
    assert len(ours) == 1889
    differ = {
        code for code, known in ours.items() if searchable(known.municipality)[-2:] != searchable(published[code])[-2:]
    }
    assert differ == set()
    assert all(is_local_government_code(code) for code in _all())


def test_municipalities_by_code() -> None:
    assert municipality("132047").municipality == "三鷹市"
    for unknown in ("130001", "13204", "132046", "", "999999"):
        with pytest.raises(UnknownMunicipality):
            municipality(unknown)
