"""The generator: the same seed gives the same people, and they fit together."""

from __future__ import annotations

import random
import re
import unicodedata
from itertools import chain

import pytest

from mynaportal.demo import addresses, cast, families, incomes, names, welfare

ALL = list(families.households(seed=1, residents=2000))
PEOPLE = [member for home in ALL for member in home.members]


def test_the_same_seed_gives_the_same_people_and_another_seed_others() -> None:
    again = list(families.households(seed=1, residents=2000))
    assert again == ALL
    assert list(families.households(seed=2, residents=2000)) != ALL


def test_incomes_follow_the_seed_and_not_the_order_of_asking() -> None:
    adults = [person for person in PEOPLE if person.is_adult][:50]
    forward = {person.key: incomes.incomes(person, seed=1) for person in adults}
    backward = {person.key: incomes.incomes(person, seed=1) for person in reversed(adults)}
    assert forward == backward
    assert forward != {person.key: incomes.incomes(person, seed=2) for person in adults}


@pytest.mark.parametrize("count", [1, 7, 190, 200, 333])
def test_there_are_exactly_as_many_people_as_asked_for(count: int) -> None:
    small = list(families.households(seed=5, residents=count))
    assert sum(len(home.members) for home in small) == count
    large = list(families.households(seed=5, residents=count + 100))
    assert large[: len(small) - 1] == small[:-1]


def test_every_person_has_a_key_of_his_own() -> None:
    assert len({person.key for person in PEOPLE}) == len(PEOPLE)


def test_every_household_has_one_head_who_comes_first_and_has_come_of_age() -> None:
    for home in ALL:
        assert [member.relation for member in home.members].count("HEAD") == 1
        assert home.members[0].relation == "HEAD"
        assert home.members[0].is_adult
        assert home.since.isoformat() > home.members[0].birth_date


def test_members_of_a_japanese_household_share_the_family_name_and_children_differ() -> None:
    for home in ALL:
        assert len({member.family_name for member in home.members}) == 1
        children = [member.given_name for member in home.members if member.relation == "CHILD"]
        assert len(children) == len(set(children))


def test_parents_are_at_least_twenty_years_older_than_their_children() -> None:
    for home in ALL:
        children = [member.age for member in home.members if member.relation == "CHILD"]
        parents = [member.age for member in home.members if member.relation in {"HEAD", "WIFE"}]
        assert not children or min(parents) - max(children) >= 20


def test_a_name_its_reading_and_its_latin_letters_agree() -> None:
    for person in PEOPLE:
        if person.nationality_class == families.JAPANESE:
            expected = f"{names.romanise(person.family_kana)} {names.romanise(person.given_kana)}"
            assert person.latin_name == expected
            assert re.fullmatch(r"[ァ-ヶー]+", person.family_kana + person.given_kana)
        assert re.fullmatch(r"[A-Z]+( [A-Z]+)+", person.latin_name)


@pytest.mark.parametrize("seed", range(5))
def test_even_the_smallest_country_has_every_kind_of_person(seed: int) -> None:
    people = [member for home in families.households(seed=seed, residents=190) for member in home.members]
    written = "".join(person.family_name for person in people)
    assert {person.nationality_class for person in people} == {"JAPANESE", "PERMANENT", "MID_TO_LONG_TERM"}
    assert any(person.stay_until for person in people)
    assert any(len(person.birth_date) == 4 for person in people)
    assert "\U000e0100" in written
    assert "髙" in written
    assert {home.address.municipality for home in families.households(seed=seed, residents=190)} == {
        "三鷹市",
        "調布市",
        "府中市",
    }


def test_only_a_limited_stay_has_an_end() -> None:
    for person in PEOPLE:
        assert (person.stay_until is not None) == (person.nationality_class == families.MID_TO_LONG_TERM)


def test_a_partial_birth_date_counts_to_the_end_of_the_year() -> None:
    person = next(person for person in PEOPLE if person.birth_date == "1938")
    assert person.age == 87


@pytest.mark.parametrize(
    ("kana", "latin"),
    [
        ("サトウ", "SATO"),
        ("オオノ", "ONO"),
        ("イノウエ", "INOUE"),
        ("ハットリ", "HATTORI"),
        ("ホンマ", "HOMMA"),
        ("キョウコ", "KYOKO"),
        ("ショウジ", "SHOJI"),
        ("ジュン", "JUN"),
        ("ケイイチ", "KEIICHI"),
        ("ミヅキ", "MIZUKI"),
        ("イッチ", "ITCHI"),
    ],
)
def test_latin_letters_are_those_of_passports(kana: str, latin: str) -> None:
    assert names.romanise(kana) == latin


def test_every_name_in_the_tables_can_be_read_and_written() -> None:
    tables = [*names.GIVEN_MALE.values(), *names.GIVEN_FEMALE.values(), names.FAMILY, names.RARE_FAMILY]
    assert len(names.FAMILY) + len(names.RARE_FAMILY) >= 150
    for name in chain.from_iterable(tables):
        assert re.fullmatch(r"[A-Z]+", names.romanise(name.kana))
        assert unicodedata.normalize("NFC", name.kanji) == name.kanji
    assert len({name.kanji for name in names.FAMILY}) == len(names.FAMILY)


def test_towns_and_postal_codes_are_real() -> None:
    chofu = {town.postal_code: town.town for town in addresses.towns(addresses.CHOFU)}
    assert chofu["1820024"] == "布田"
    for code, city in ((addresses.MITAKA, "三鷹市"), (addresses.CHOFU, "調布市"), (addresses.FUCHU, "府中市")):
        assert {town.municipality for town in addresses.towns(code)} == {city}
        assert len(addresses.towns(code)) > 10


def test_a_flat_has_a_building_and_a_house_has_none() -> None:
    chance = random.Random(3)
    assert addresses.address(chance, local_government_code=addresses.FUCHU).building == ""
    assert addresses.address(chance, local_government_code=addresses.FUCHU, is_flat=True).building != ""


def test_children_have_no_income_and_tax_is_never_more_than_a_tenth() -> None:
    for person in PEOPLE:
        found = incomes.incomes(person, seed=1)
        assert [income.fiscal_year for income in found] == ([2025, 2026] if person.is_adult else [])
        for income in found:
            assert 0 <= income.tax <= income.total_income // 10 + 5_000
            assert income.total_income <= income.salary + income.pension


def test_pension_cover_fits_age_pay_and_household() -> None:
    kinds = {person.key: incomes.pension_cover(person, seed=1) for person in PEOPLE}
    assert set(kinds.values()) == {"", "1", "2", "3"}
    for person in PEOPLE:
        kind = kinds[person.key]
        assert kind != "" or not 20 <= person.age < 60
        assert kind != "3" or person.relation in {"HUSBAND", "WIFE"}
        assert kind != "2" or person.is_adult


def test_who_holds_a_post_is_paid_for_it() -> None:
    for home in cast.households():
        for person in home.members:
            if person.key in cast.CLERK_KEYS:
                assert incomes.incomes(person, seed=1, has_post=True)[-1].salary > 1_500_000
                assert incomes.pension_cover(person, seed=1, has_post=True) == "2"


WELFARE = [
    (person, home, fact) for home in ALL for person in home.members for fact in welfare.facts(person, home, seed=1)
]


def known(data_set: str) -> list[tuple[families.Person, families.Household, welfare.Fact]]:
    return [each for each in WELFARE if each[2].data_set == data_set]


def test_care_is_for_the_old_and_vaccinations_for_children_since_they_lived_here() -> None:
    assert {person.age >= 65 for person, _, _ in known(welfare.CARE)} == {True}
    for person, home, fact in known(welfare.VACCINATIONS):
        given_on = fact.period.begins_on
        assert person.age < 12
        assert given_on is not None
        assert max(person.birth_date, home.since.isoformat()) <= given_on.isoformat() <= families.TODAY.isoformat()
        assert fact.items["1100000020"] == given_on
    times = [(person.key, fact.period) for person, _, fact in known(welfare.VACCINATIONS)]
    assert len(times) == len(set(times)) > 100


def test_the_allowance_is_for_single_parents_and_assistance_for_whole_households_with_little() -> None:
    for person, home, _ in known(welfare.CHILD_REARING_ALLOWANCE):
        assert [member for member in home.members if member.is_adult] == [person]
        assert len(home.members) > 1
    assisted = {home.key: home for _, home, _ in known(welfare.PUBLIC_ASSISTANCE)}
    assert [person.key for person, _, _ in known(welfare.PUBLIC_ASSISTANCE)] == [
        member.key for home in assisted.values() for member in home.members
    ]
    assert 0.005 < len(assisted) / len(ALL) < 0.05
    assert not cast.CLERK_KEYS & {person.key for person, _, _ in known(welfare.PUBLIC_ASSISTANCE)}


def test_welfare_follows_the_seed_and_not_the_order_of_asking() -> None:
    def found(homes: list[families.Household], seed: int) -> dict[str, list[welfare.Fact]]:
        return {member.key: list(welfare.facts(member, home, seed=seed)) for home in homes for member in home.members}

    assert found(ALL[:100], 1) == found(ALL[99::-1], 1) != found(ALL[:100], 2)
