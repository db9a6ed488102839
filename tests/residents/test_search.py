"""A clerk finds a person by two items or more, in the own municipality, and never more than twenty."""

from __future__ import annotations

from dataclasses import replace

import pytest

from residents import errors
from residents.models import Entry
from tests.residents.people import CHOFU, HANAKO, SAKURA, TARO, settle
from tests.support import DATABASES

pytestmark = DATABASES

MITAKA_CODE = "132047"


def test_two_items_find_one_person() -> None:
    hanako, _, _ = settle(), settle(TARO), settle(SAKURA, on="2024-03-01")
    for items in (
        {"full_name": "山田花子", "birth_date": "1990-04-15"},
        {"full_name": "山田 花子", "birth_date": "1990-04-15"},
        {"full_name": "山田\u3000花子", "family_kana": "ヤマダ"},
        {"family_name": "山田", "given_name": "花子"},
        {"family_kana": "ヤマダ", "given_kana": "ハナコ"},
        {"family_kana": "ﾔﾏﾀﾞ", "birth_date": "1990-04-15"},
        {"latin_name": "yamada hanako", "birth_date": "1990-04-15"},
    ):
        found = list(Entry.objects.search(local_government_code=MITAKA_CODE, **items))
        assert found == [hanako], items


@pytest.mark.parametrize("items", [{}, {"family_kana": "ヤマダ"}, {"family_kana": "ヤマダ", "given_kana": " "}])
def test_one_item_is_too_few(items: dict[str, str]) -> None:
    with pytest.raises(errors.TooFewItems):
        Entry.objects.search(local_government_code=MITAKA_CODE, **items)


def test_variants_of_a_character_find_each_other() -> None:
    entry = settle(replace(HANAKO, family_name="髙﨑", given_name="葛\U000e0100子"))
    assert entry.family_name == "髙﨑"
    for name in ("高崎 葛子", "髙崎 葛子", "髙﨑 葛\U000e0100子"):
        found = Entry.objects.search(local_government_code=MITAKA_CODE, full_name=name, birth_date="1990-04-15")
        assert list(found) == [entry]


def test_other_municipalities_and_former_entries_are_not_found() -> None:
    settle(address=CHOFU)
    items = {"family_kana": "ヤマダ", "given_kana": "ハナコ"}
    assert not Entry.objects.search(local_government_code=MITAKA_CODE, **items)
    assert len(Entry.objects.search(local_government_code="132080", **items)) == 1


def test_at_most_twenty() -> None:
    for n in range(22):
        settle(replace(HANAKO, birth_date=f"1990-04-{n + 1:02d}"))
    items = {"family_kana": "ヤマダ", "given_kana": "ハナコ"}
    assert len(Entry.objects.search(local_government_code=MITAKA_CODE, **items)) == 20


def test_a_wildcard_is_only_a_character() -> None:
    settle()
    assert not Entry.objects.search(local_government_code=MITAKA_CODE, family_name="%", given_name="_")
