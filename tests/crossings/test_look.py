"""Searching and looking: recorded first, bounded, masked."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest
from django.utils.translation import override

from crossings import look
from crossings.codes import portal_code_of
from crossings.look import Criteria
from crossings.purposes import Purpose, in_words, stored
from exchange import ledger
from exchange.models import AccessRecord, Kind
from residents import register
from tests.desk.world import HANAKO, IN_CHOFU, START, World, clerk, make
from tests.support import DATABASES

pytestmark = DATABASES


@pytest.fixture
def world() -> World:
    return make()


def searches() -> list[dict[str, str]]:
    return [ledger.private_of(row) for row in AccessRecord.objects.filter(kind=Kind.LOOK, subject=None)]


@pytest.mark.parametrize(
    "name", ["山田 花子", "山田　花子", "山田花子", "ヤマダ ハナコ", "やまだはなこ", "ﾔﾏﾀﾞﾊﾅｺ", "yamada hanako", "山田"]
)
def test_a_name_is_found_however_it_is_written(world: World, name: str) -> None:
    found = look.search(clerk=world.clerk, criteria=Criteria(name=name, birth_date="1990-04-15"), at=START)
    assert [hit.resident_id for hit in found.hits] == [world.hanako.pk]


def test_the_in_house_id_and_the_address_count_as_items(world: World) -> None:
    found = look.search(
        clerk=world.clerk, criteria=Criteria(local_id=world.hanako.local_id, address="小島町 2-35"), at=START
    )
    assert [hit.resident_id for hit in found.hits] == [world.hanako.pk]


def test_the_in_house_id_of_another_city_finds_nobody(world: World) -> None:
    found = look.search(clerk=world.clerk, criteria=Criteria(local_id=world.kenji.local_id, name="佐藤"), at=START)
    assert found.hits == []


@pytest.mark.parametrize("criteria", [Criteria(), Criteria(name="山田"), Criteria(name="山田", address=" ")])
def test_too_few_items_are_neither_answered_nor_recorded(world: World, criteria: Criteria) -> None:
    with pytest.raises(look.TooFewItems):
        look.search(clerk=world.clerk, criteria=criteria, at=START)
    assert searches() == []


def test_at_most_twenty_rows_and_it_is_said_that_there_are_more(world: World) -> None:
    for number in range(25):
        details = replace(
            HANAKO, given_name="一二三四五六七八九十百千万"[number % 13], latin_name=f"Y {'A' * (number + 1)}"
        )
        register.register_moving_in(details=details, address=IN_CHOFU, on=START.date(), by="test", at=START)
    found = look.search(clerk=world.clerk, criteria=Criteria(name="山田", address="調布市"), at=START)
    assert (len(found.hits), found.more) == (look.MOST_ROWS, True) == (20, True)


def test_the_record_comes_before_the_rows(world: World) -> None:
    with patch("crossings.look._agreeing", side_effect=OSError), pytest.raises(OSError):
        look.search(clerk=world.clerk, criteria=Criteria(name="山田", address="調布"), at=START)
    assert len(searches()) == 1
    with patch("exchange.ledger.record_all", side_effect=OSError), patch("crossings.look._agreeing") as rows:
        with pytest.raises(OSError):
            look.search(clerk=world.clerk, criteria=Criteria(name="山田", address="調布"), at=START)
        assert rows.call_count == 0


def test_arrivals_need_name_and_birth_date_and_are_nowhere_at_home(world: World) -> None:
    criteria = Criteria(name="鈴木次郎", birth_date="1975-07-20")
    assert [hit.resident_id for hit in look.search_arrivals(clerk=world.clerk, criteria=criteria, at=START).hits] == [
        world.jiro.pk
    ]
    at_home = Criteria(name="佐藤健司", birth_date="1975-07-20")
    assert look.search_arrivals(clerk=world.clerk, criteria=at_home, at=START).hits == []
    with pytest.raises(look.TooFewItems):
        look.search_arrivals(clerk=world.clerk, criteria=Criteria(name="鈴木", address="三鷹"), at=START)


def test_a_look_is_about_her_and_by_a_pseudonym_of_this_domain(world: World) -> None:
    look.look(clerk=world.clerk, resident=world.hanako, purpose="CARD", case_number="7", words="再交付", at=START)
    subject = ledger.subject_of(portal_code_of(world.hanako))
    (row,) = [row for row in AccessRecord.objects.about(subject) if ledger.private_of(row)["what"] == "register"]
    kept = ledger.private_of(row)
    assert (kept["purpose"], kept["case_number"]) == ("CARD: 再交付", "7")
    assert kept["clerk"] == world.clerk.pseudonym("exchange") != world.clerk.pseudonym("registry")
    assert (
        AccessRecord.objects.about(ledger.subject_of(portal_code_of(world.taro))).filter(at=START, kind="LOOK").count()
        == 1
    )


@pytest.mark.parametrize("who", ["kenji"])
def test_a_stranger_is_not_looked_at(world: World, who: str) -> None:
    with pytest.raises(look.NotAllowed):
        look.look(clerk=world.clerk, resident=getattr(world, who), purpose="CARD", case_number="7", at=START)


def test_neither_a_citizen_nor_a_clerk_of_nowhere_looks(world: World) -> None:
    for user in (world.citizen, clerk("999999")):
        with pytest.raises(look.NotAllowed):
            look.search(clerk=user, criteria=Criteria(name="山田", address="調布"), at=START)
        with pytest.raises(look.NotAllowed):
            look.look(clerk=user, resident=world.jiro, purpose="CARD", case_number="7", at=START)


def test_reprs_show_nobody(world: World) -> None:
    criteria = Criteria(name="山田", address="小島町")
    found = look.search(clerk=world.clerk, criteria=criteria, at=START)
    for shown in (repr(criteria), repr(found), str(found.hits[0])):
        assert "山田" not in shown and "小島" not in shown


def test_a_purpose_is_read_in_the_language_of_the_page() -> None:
    with override("ja"):
        assert in_words(stored(Purpose.CARD)) == "個人番号カードの手続"
        assert in_words("OTHER: 庁内の調査") == "その他の目的: 庁内の調査"
    with override("en"):
        assert in_words(stored(Purpose.CARD)) == "the Individual Number Card"
    assert in_words("something of before") == "something of before"
    with pytest.raises(ValueError, match="NOSY"):
        stored("NOSY")
