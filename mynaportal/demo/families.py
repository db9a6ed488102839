"""The people of the small country: households with names, ages and addresses that fit together.

Everything here follows from the seed, so that the same seed gives the same people; nothing here is a number, a code or
a key, for those are random. Ages are as of 2026-04-01, whenever the country is made.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mynaportal.demo import names
from mynaportal.demo.addresses import CHOFU, FUCHU, MITAKA, Address, address

TODAY = date(2026, 4, 1)
MALE, FEMALE = "1", "2"
JAPANESE, PERMANENT, MID_TO_LONG_TERM = "JAPANESE", "PERMANENT", "MID_TO_LONG_TERM"


@dataclass(frozen=True, slots=True)
class Person:
    """One resident as typed into the register. `key` names the person inside the generator only."""

    key: str
    family_name: str
    given_name: str
    family_kana: str
    given_kana: str
    latin_name: str
    birth_date: str  # "1990-04-15", or "1938" where the register knows no more
    sex: str
    relation: str
    nationality_class: str = JAPANESE
    stay_until: date | None = None
    former_name: str = ""

    @property
    def birth_year(self) -> int:
        return int(self.birth_date[:4])

    @property
    def age(self) -> int:
        """Full years on 2026-04-01; with a partial birth date, at the least."""
        year, month, day = (int(part) for part in (self.birth_date + "-12-31")[:10].split("-"))
        return TODAY.year - year - ((TODAY.month, TODAY.day) < (month, day))

    @property
    def is_adult(self) -> bool:
        return self.age >= 18


@dataclass(frozen=True, slots=True)
class Household:
    """People at one address since one day, the head first. Who was born later was born into it."""

    key: str
    address: Address
    since: date
    members: tuple[Person, ...]


def japanese(
    key: str, family: tuple[str, str], given: tuple[str, str], *, sex: str, birth_date: str, relation: str
) -> Person:
    """A Japanese national; names as (kanji, katakana)."""
    return Person(
        key=key,
        family_name=family[0],
        given_name=given[0],
        family_kana=family[1],
        given_kana=given[1],
        latin_name=f"{names.romanise(family[1])} {names.romanise(given[1])}",
        birth_date=birth_date,
        sex=sex,
        relation=relation,
    )


def households(*, seed: int, residents: int) -> Iterator[Household]:
    """Households with exactly this many people in all. A larger country begins with the people of a smaller one."""
    chance = random.Random(f"people/{seed}")
    left, number = residents, 0
    while left > 0:
        number += 1
        home = _household(chance, f"h{number}", number)
        members = home.members[:left]
        left -= len(members)
        yield replace(home, members=members)


def _household(chance: random.Random, key: str, number: int) -> Household:
    municipality = chance.choice((MITAKA, CHOFU, FUCHU))
    # Each kind that a register must be able to hold is in even the smallest country.
    if number % 25 == 3:
        members = [_foreign_resident(chance, f"{key}.1", number)]
    elif number == 5:
        members = [replace(_elder(chance, f"{key}.1", names.RARE_FAMILY[6]), birth_date="1938")]
    elif number % 60 == 7:
        members = _couple(chance, key, names.RARE_FAMILY[number // 60 % len(names.RARE_FAMILY)], children=2)
    else:
        members = _usual(chance, key)
    home = address(chance, local_government_code=municipality, is_flat=len(members) < 3)
    since = date(chance.randint(max(1995, members[0].birth_year + 17), 2025), chance.randint(1, 12), 1)
    return Household(key, home, since, tuple(members))


def _usual(chance: random.Random, key: str) -> list[Person]:
    family = names.family_name(chance)
    kind = chance.choices(
        ("single", "couple", "children", "single parent", "old couple", "elder", "three generations"),
        weights=(24, 14, 34, 6, 11, 7, 4),
    )[0]
    match kind:
        case "single":
            sex = chance.choice((MALE, FEMALE))
            return [_person(chance, f"{key}.1", family, sex=sex, age=chance.randint(18, 64), relation="HEAD")]
        case "couple":
            return _couple(chance, key, family)
        case "children":
            return _couple(chance, key, family, children=chance.choices((1, 2, 3), weights=(5, 5, 1))[0])
        case "single parent":
            parent = _person(chance, f"{key}.1", family, sex=FEMALE, age=chance.randint(26, 50), relation="HEAD")
            return [parent, *_children(chance, key, family, youngest_parent=parent.age, count=chance.randint(1, 2))]
        case "old couple":
            return _couple(chance, key, family, age=chance.randint(65, 92))
        case "elder":
            return [_elder(chance, f"{key}.1", family)]
        case _:
            young = _couple(chance, key, family, children=chance.randint(1, 2), age=chance.randint(32, 45))
            mother_age = young[0].age + chance.randint(22, 32)
            mother = _person(chance, f"{key}.9", family, sex=FEMALE, age=mother_age, relation="MOTHER")
            return [*young, mother]


def _couple(
    chance: random.Random, key: str, family: names.Name, *, children: int = 0, age: int | None = None
) -> list[Person]:
    if age is None:
        age = chance.randint(27, 52) if children else chance.randint(24, 64)
    head = _person(chance, f"{key}.1", family, sex=MALE, age=age, relation="HEAD")
    wife_age = max(20, age - chance.randint(-3, 6))
    wife = _person(chance, f"{key}.2", family, sex=FEMALE, age=wife_age, relation="WIFE")
    # Married after 2019 or so, some keep the family name of before on their papers (former name, 旧氏).
    if chance.random() < 0.1:
        wife = replace(wife, former_name=names.family_name(chance).kanji)
    parents = [head, wife]
    return [*parents, *_children(chance, key, family, youngest_parent=min(age, wife_age), count=children)]


def _children(
    chance: random.Random, key: str, family: names.Name, *, youngest_parent: int, count: int
) -> Iterator[Person]:
    taken: set[str] = set()
    # A parent is at least 20 at the birth; a child of 22 or more has mostly moved out.
    oldest = max(0, min(21, youngest_parent - 20))
    for number, age in enumerate(sorted((chance.randint(0, oldest) for _ in range(count)), reverse=True)):
        sex = chance.choice((MALE, FEMALE))
        child = _person(chance, f"{key}.{number + 3}", family, sex=sex, age=age, relation="CHILD", taken=taken)
        taken.add(child.given_name)
        yield child


def _elder(chance: random.Random, key: str, family: names.Name) -> Person:
    return _person(chance, key, family, sex=FEMALE, age=chance.randint(70, 98), relation="HEAD")


def _person(
    chance: random.Random,
    key: str,
    family: names.Name,
    *,
    sex: str,
    age: int,
    relation: str,
    taken: set[str] | None = None,
) -> Person:
    born = _birthday(chance, age)
    given = names.given_name(chance, sex=sex, birth_year=born.year, taken=taken or ())
    return japanese(key, family, given, sex=sex, birth_date=born.isoformat(), relation=relation)


def _foreign_resident(chance: random.Random, key: str, number: int) -> Person:
    """A foreign resident: permanent, or mid- to long-term with a period of stay (Act art. 30-45)."""
    name = names.FOREIGN[number // 25 % len(names.FOREIGN)]
    is_permanent = number // 25 % 2 == 1
    return Person(
        key=key,
        family_name="",
        given_name="",
        family_kana=name.family_kana,
        given_kana=name.given_kana,
        latin_name=f"{name.family} {name.given}",
        birth_date=_birthday(chance, chance.randint(22, 60)).isoformat(),
        sex=name.sex,
        relation="HEAD",
        nationality_class=PERMANENT if is_permanent else MID_TO_LONG_TERM,
        stay_until=None if is_permanent else date(2028, chance.randint(1, 12), chance.randint(1, 28)),
    )


def _birthday(chance: random.Random, age: int) -> date:
    """A day on which someone who is so old on 2026-04-01 may have been born."""
    return date(TODAY.year - age - 1, 4, 2) + timedelta(days=chance.randrange(365))
