"""People and addresses for the registry's tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from residents.details import Address, PersonDetails
from residents.models import Entry, Resident
from residents.register import register_moving_in

CLERK, SECOND_CLERK = "clerk-1", "clerk-2"

HANAKO = PersonDetails(
    family_name="山田",
    given_name="花子",
    family_kana="ヤマダ",
    given_kana="ハナコ",
    latin_name="YAMADA HANAKO",
    birth_date="1990-04-15",
    sex="2",
)
TARO = replace(
    HANAKO, given_name="太郎", given_kana="タロウ", latin_name="YAMADA TARO", birth_date="1988-11-03", sex="1"
)
SAKURA = replace(HANAKO, given_name="さくら", given_kana="サクラ", latin_name="", birth_date="2024-02-10")

MITAKA = Address(
    local_government_code="132047",
    postal_code="1810013",
    prefecture="東京都",
    municipality="三鷹市",
    town="下連雀",
    street="1-2-3",
)
MITAKA_2 = replace(MITAKA, postal_code="1810012", town="上連雀", street="4-5-6", building="コーポ上連雀201")
CHOFU = Address(
    local_government_code="132080",
    postal_code="1820026",
    prefecture="東京都",
    municipality="調布市",
    town="小島町",
    street="2-35-1",
)


def noon(day: str) -> datetime:
    """Noon in Japan on that day."""
    return datetime.fromisoformat(f"{day}T03:00:00").replace(tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def settle(details: PersonDetails = HANAKO, on: str = "2020-01-10", **changes: Any) -> Entry:
    """A first entry at Mitaka."""
    return register_moving_in(details=details, address=changes.pop("address", MITAKA), by=CLERK, at=noon(on), **changes)


def hanako() -> Resident:
    return settle().resident
