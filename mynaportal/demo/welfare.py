"""What a municipality knows of the welfare of its people, by the seed: assistance, care, allowances, vaccinations.

Shares and amounts have the size of the real ones; nobody of the small country stands for anyone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from holdings.periods import Period
from mynaportal.demo.cast import CLERK_KEYS
from mynaportal.demo.families import TODAY, Household, Person
from mynaportal.demo.incomes import incomes

PUBLIC_ASSISTANCE, CARE = "TM90000000000006", "TM90000000000007"
CHILD_REARING_ALLOWANCE, VACCINATIONS = "TM90000000000009", "TM90000000000011"
POOR_BELOW = 1_000_000
ALLOWANCE, ALLOWANCE_IN_PART, PART_FROM = 46_690, 24_000, 1_070_000
DOUBLE_SHARE_FROM = 1_600_000
CARE_LEVELS = ("要支援1", "要支援2", "要介護1", "要介護2", "要介護3", "要介護4", "要介護5")
# How many of an age, from there on, have a certification of long-term care.
_CERTIFIED = ((85, 0.55), (75, 0.18), (65, 0.04))
# Days after birth.
_VACCINES = (
    (62, "五種混合（第1期初回・1回目）"),
    (92, "五種混合（第1期初回・2回目）"),
    (123, "五種混合（第1期初回・3回目）"),
    (370, "麻しん風しん混合（第1期）"),
    (1_900, "麻しん風しん混合（第2期）"),
)
_VACCINATIONS_KEPT_BELOW = 12


class Fact(NamedTuple):
    """One thing that is known of a person: the data set, the time that it is for, and items (None: not applicable)."""

    data_set: str
    period: Period
    items: dict[str, object]


def facts(person: Person, home: Household, *, seed: int) -> Iterator[Fact]:
    """All that the municipality of this home knows of the person."""
    chance = random.Random(f"welfare/{seed}/{person.key}")
    if begun := _assisted_since(home, seed):
        yield Fact(PUBLIC_ASSISTANCE, Period(), {"0600000010": begun, "0600000020": None})
    if level := _care_level(chance, person):
        begins = date(2025, chance.randint(4, 12), 1)
        ends = begins.replace(year=begins.year + 2) - timedelta(days=1)
        share = "2割" if _total_income(person, seed) >= DOUBLE_SHARE_FROM else "1割"
        care = {"0700000010": level, "0700000020": f"{begins}から{ends}まで", "0700000030": share}
        yield Fact(CARE, Period(), care)
    if person.relation == "HEAD" and _is_single_parent(home):
        amount = ALLOWANCE if _total_income(person, seed) < PART_FROM else ALLOWANCE_IN_PART
        yield Fact(CHILD_REARING_ALLOWANCE, Period(), {"0900000010": "受給中", "0900000020": amount})
    if person.age < _VACCINATIONS_KEPT_BELOW:
        yield from _vaccinations(chance, person, home)


def _assisted_since(home: Household, seed: int) -> date | None:
    chance = random.Random(f"assistance/{seed}/{home.key}")
    earned = [
        incomes(member, seed=seed, has_post=member.key in CLERK_KEYS)[-1] for member in home.members if member.is_adult
    ]
    is_poor = sum(income.salary + income.pension for income in earned) < POOR_BELOW
    begun = max(home.since, date(chance.randint(2021, 2025), chance.randint(1, 12), 1))
    return begun if is_poor and chance.random() < 0.3 else None


def _care_level(chance: random.Random, person: Person) -> str:
    share = next((share for age, share in _CERTIFIED if person.age >= age), 0.0)
    return chance.choice(CARE_LEVELS) if chance.random() < share else ""


def _is_single_parent(home: Household) -> bool:
    return [member.is_adult for member in home.members].count(True) == 1 < len(home.members)


def _vaccinations(chance: random.Random, person: Person, home: Household) -> Iterator[Fact]:
    """Those that were given while the child lived here."""
    born = date.fromisoformat(person.birth_date)
    for days, vaccine in _VACCINES:
        given_on = born + timedelta(days=days + chance.randint(0, 20))
        if max(home.since, born) <= given_on <= TODAY:
            yield Fact(VACCINATIONS, Period.on(given_on), {"1100000010": vaccine, "1100000020": given_on})


def _total_income(person: Person, seed: int) -> int:
    return incomes(person, seed=seed)[-1].total_income if person.is_adult else 0
