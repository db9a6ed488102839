"""Support measures reach every agency that knows the person, and a kill anywhere leaves her protected."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest

from agencies.models import Agency
from crossings import protect
from crossings.codes import issue_code, portal_code_of
from exchange import conversion, records
from holdings.models import Protection as Flag
from residents.errors import AlreadyProtected, LongerThanAYear, NotProtected, OtherMunicipality, SameClerk
from residents.models import Resident
from tests.crossings.test_move import Killed, dying
from tests.desk.world import CHOFU, MITAKA, START, World, make
from tests.support import DATABASES

pytestmark = DATABASES

TAX = "900027"


@pytest.fixture
def world() -> World:
    made = make()
    issue_code(resident=made.hanako, agency=TAX, local_id="1", at=START)
    return made


def is_protected_at(resident: Resident, agency: str) -> bool:
    """As a provider asks: by its own code."""
    code = conversion.convert(
        code=portal_code_of(resident), source=Agency.objects.portal(), target=Agency.objects.known(agency)
    )
    return Flag.objects.protects(agency=agency, codes=[code], on=START.date())


def protect_hanako(world: World) -> None:
    protect.protect(clerk=world.clerk, resident=world.hanako, at=START)


def test_every_agency_that_knows_her_has_the_flag_under_its_own_code(world: World) -> None:
    protect_hanako(world)
    assert [is_protected_at(world.hanako, agency) for agency in (CHOFU, TAX, MITAKA)] == [True, True, False]
    assert not is_protected_at(world.taro, CHOFU)
    assert Flag.objects.values_list("code", flat=True).distinct().count() == 2
    (until,) = set(Flag.objects.values_list("until", flat=True))
    assert until == START.date().replace(year=START.year + 1) - timedelta(days=1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_setting_never_leaves_a_row_without_flags(world: World, when: str) -> None:
    with dying("residents.protection.protect", when), pytest.raises(Killed):
        protect_hanako(world)
    assert is_protected_at(world.hanako, CHOFU) and is_protected_at(world.hanako, TAX)
    protect_hanako(world)
    assert world.hanako.is_protected(START)


def test_when_the_flags_cannot_be_written_the_row_is_not_either(world: World) -> None:
    with patch.object(Flag.objects, "update_or_create", side_effect=OSError), pytest.raises(OSError):
        protect_hanako(world)
    assert not world.hanako.is_protected(START)


def test_two_lift_it_and_then_the_flags_go(world: World) -> None:
    protect_hanako(world)
    protect.ask_to_lift(clerk=world.clerk, resident=world.hanako, at=START)
    with pytest.raises(SameClerk):
        protect.confirm_lifting(clerk=world.clerk, resident=world.hanako, at=START)
    assert is_protected_at(world.hanako, TAX)
    protect.confirm_lifting(clerk=world.supervisor, resident=world.hanako, at=START)
    assert Flag.objects.count() == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_lifting_leaves_the_flags_until_it_is_done_again(world: World, when: str) -> None:
    protect_hanako(world)
    protect.ask_to_lift(clerk=world.clerk, resident=world.hanako, at=START)
    with dying("residents.protection.confirm_lifting", when), pytest.raises(Killed):
        protect.confirm_lifting(clerk=world.supervisor, resident=world.hanako, at=START)
    assert is_protected_at(world.hanako, CHOFU)
    protect.confirm_lifting(clerk=world.supervisor, resident=world.hanako, at=START)
    assert Flag.objects.count() == 0 and not world.hanako.is_protected(START)


def test_what_was_never_set_is_not_lifted(world: World) -> None:
    with pytest.raises(NotProtected):
        protect.ask_to_lift(clerk=world.clerk, resident=world.hanako, at=START)
    with pytest.raises(NotProtected):
        protect.confirm_lifting(clerk=world.supervisor, resident=world.hanako, at=START)


def test_a_refused_end_leaves_no_flag(world: World) -> None:
    with pytest.raises(LongerThanAYear):
        protect.protect(clerk=world.clerk, resident=world.hanako, until_on=START.date() + timedelta(days=400), at=START)
    assert Flag.objects.count() == 0


def test_only_her_own_municipality_protects(world: World) -> None:
    for user in (world.stranger, world.citizen):
        with pytest.raises(OtherMunicipality):
            protect.protect(clerk=user, resident=world.hanako, at=START)
    assert Flag.objects.count() == 0


def told(resident: Resident) -> list[tuple[str, str, str]]:
    """What she reads of it: row, who told, whom."""
    found = records.of_citizen(portal_code=portal_code_of(resident), at=START)
    return sorted(
        (record.row, record.inquirer.local_code, record.provider.local_code) for record in found if record.provider
    )


def test_each_agency_that_is_told_is_on_her_record_once(world: World) -> None:
    protect_hanako(world)
    assert told(world.hanako) == [("L95", CHOFU, CHOFU), ("L95", CHOFU, TAX)]
    protect.ask_to_lift(clerk=world.clerk, resident=world.hanako, at=START)
    protect.confirm_lifting(clerk=world.supervisor, resident=world.hanako, at=START)
    assert len(told(world.hanako)) == 4
    assert told(world.taro) == []


def test_no_code_is_converted_that_is_not_on_record(world: World) -> None:
    with (
        patch("exchange.looks.record_all", side_effect=OSError),
        patch("exchange.conversion.convert_to_all") as convert,
        pytest.raises(OSError),
    ):
        protect_hanako(world)
    assert not convert.called


def test_an_agency_whose_assessment_has_lapsed_is_told_all_the_same(world: World) -> None:
    Agency.objects.filter(local_code=TAX).update(assessment_until=None)
    protect_hanako(world)
    assert is_protected_at(world.hanako, TAX)


def test_protecting_again_keeps_the_end_of_the_measures_in_force(world: World) -> None:
    protect_hanako(world)
    with pytest.raises(AlreadyProtected):
        protect.protect(clerk=world.second, resident=world.hanako, until_on=START.date(), at=START)
    (until,) = set(Flag.objects.values_list("until", flat=True))
    assert until == START.date().replace(year=START.year + 1) - timedelta(days=1)


def test_when_no_flag_is_lost_nobodys_code_is_used(world: World) -> None:
    protect_hanako(world)
    before = told(world.hanako)
    assert protect.restore_copies(at=START) == 0
    assert told(world.hanako) == before
    Flag.objects.filter(agency=TAX).delete()
    assert protect.restore_copies(at=START) == 1
    assert told(world.hanako) == sorted([*before, ("L95", CHOFU, TAX)])


def test_a_kill_after_the_row_leaves_a_flag_whose_end_is_set_later(world: World) -> None:
    with dying("residents.protection.protect", "after"), pytest.raises(Killed):
        protect_hanako(world)
    assert set(Flag.objects.values_list("until", flat=True)) == {None}
    assert protect.restore_copies(at=START) == 1
    assert None not in Flag.objects.values_list("until", flat=True)
    assert protect.restore_copies(at=START) == 0


def test_lost_flags_are_written_anew_from_the_register(world: World) -> None:
    protect_hanako(world)
    Flag.objects.all().delete()
    assert protect.restore_copies(at=START) == 1
    assert is_protected_at(world.hanako, CHOFU) and is_protected_at(world.hanako, TAX)
