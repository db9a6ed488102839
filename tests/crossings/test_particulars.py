"""A changed record and the card that still says what was."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cards import issuance
from cards.models import Card, Certificate
from crossings import card_counter, particulars
from residents import changes, moves
from residents.errors import OtherMunicipality
from tests.desk.world import START, World, make
from tests.support import DATABASES

pytestmark = DATABASES

CARD_DAY, LATER = START + timedelta(days=10), START + timedelta(days=20)


@pytest.fixture
def world() -> World:
    made = make()
    card = card_counter.hand_over(
        clerk=made.clerk, resident=made.hanako, pin="1234", signature_password="ABC123", at=CARD_DAY
    )
    issuance.personalise(card=card, at=CARD_DAY)
    return made


def states(world: World) -> tuple[str, str, str]:
    card = Card.objects.get(resident=world.hanako)
    by_purpose = {c.purpose: c.state for c in card.certificates.all()}
    return card.state, by_purpose["USER_AUTHENTICATION"], by_purpose["SIGNATURE"]


def change_name(world: World, at: datetime) -> object:
    return changes.change_name(
        resident=world.hanako, family_name="佐々木", given_name="花子", family_kana="ササキ", given_kana="ハナコ",
        by="x", at=at,
    )  # fmt: skip


def test_a_change_of_name_ends_the_signature_certificate_only(world: World) -> None:
    particulars.settle(entry=change_name(world, LATER), by="x", at=LATER)
    assert states(world) == ("ACTIVE", "VALID", "REVOKED")
    assert Certificate.objects.get(state="REVOKED").reason == "affiliationChanged"


def test_moving_out_alone_changes_nothing_on_the_card(world: World) -> None:
    particulars.settle(entry=moves.move_out(resident=world.hanako, by="x", at=LATER), by="x", at=LATER)
    assert states(world) == ("ACTIVE", "VALID", "VALID")


def test_death_ends_the_card(world: World) -> None:
    particulars.settle(entry=changes.record_death(resident=world.hanako, by="x", at=LATER), by="x", at=LATER)
    assert states(world) == ("ABOLISHED", "REVOKED", "REVOKED")


def test_a_kill_in_between_is_ended_by_the_sweep(world: World) -> None:
    assert particulars.finish(at=LATER) == 0
    change_name(world, LATER)
    assert particulars.finish(at=LATER) == 1
    assert states(world) == ("ACTIVE", "VALID", "REVOKED")
    changes.record_death(resident=world.hanako, by="x", at=LATER)
    assert particulars.finish(at=LATER) == 1
    assert states(world)[0] == "ABOLISHED"
    assert particulars.finish(at=LATER) == 0


def test_a_card_is_handed_over_at_home_and_once(world: World) -> None:
    given = {"pin": "1234", "signature_password": "ABC123", "at": LATER}
    with pytest.raises(OtherMunicipality):
        card_counter.hand_over(clerk=world.stranger, resident=world.taro, **given)
    card_counter.hand_over(clerk=world.clerk, resident=world.taro, **given)
    with pytest.raises(card_counter.OnItsWay):
        card_counter.hand_over(clerk=world.clerk, resident=world.taro, **given)
