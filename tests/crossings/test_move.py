"""A move across two databases: repeated and killed at every step, it ends the same."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from agencies.models import Agency
from crossings import move
from exchange.models import CodeIssue
from holdings.models import Protection as Flag
from numbering.models import IssuedCode
from residents import protection
from residents.errors import NotMovedOut, OtherMunicipality
from residents.models import Event
from tests.desk.world import CHOFU, IN_CHOFU, IN_MITAKA, START, World, load_agencies, make
from tests.support import DATABASES

pytestmark = DATABASES

STEPS = [
    "residents.moves.move_in", "numbering.persons.request_issue", "numbering.persons.blinded_points",
    "exchange.looks.record_all", "exchange.code_issue.offer_all", "numbering.persons.note_issues",
]  # fmt: skip


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def world() -> World:
    return make()


def move_jiro(world: World) -> None:
    move.move_in(clerk=world.clerk, resident=world.jiro, address=IN_CHOFU, on=START.date(), at=START)


def assert_moved_once(world: World) -> None:
    assert world.jiro.current.local_government_code == CHOFU
    assert world.jiro.entries.filter(event=Event.MOVED_IN).count() == 1
    (issued,) = IssuedCode.objects.filter(resident=world.jiro, agency=CHOFU)
    assert issued.issued_at is not None and issued.local_id == ""


def waiting_at_chofu() -> int:
    return CodeIssue.objects.filter(agency__local_code=CHOFU).count()


def test_the_city_knows_the_person_by_its_own_code(world: World) -> None:
    before = waiting_at_chofu()
    move_jiro(world)
    assert_moved_once(world)
    assert waiting_at_chofu() == before + 1
    assert world.jiro.current.recorded_by == world.clerk.pseudonym("registry")


def test_moving_in_twice_is_moving_in_once(world: World) -> None:
    before = waiting_at_chofu()
    move_jiro(world)
    move_jiro(world)
    assert_moved_once(world)
    assert waiting_at_chofu() == before + 1


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_step_is_ended_by_doing_it_again(world: World, step: str, when: str) -> None:
    before = waiting_at_chofu()
    with dying(step, when), pytest.raises(Killed):
        move_jiro(world)
    move_jiro(world)
    assert_moved_once(world)
    assert waiting_at_chofu() == before + 1


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_kill_after_the_entry_is_ended_by_the_sweep(world: World, step: str) -> None:
    with dying(step, "before"), pytest.raises(Killed):
        move_jiro(world)
    assert move.finish_moves(at=START) == 1
    assert_moved_once(world)
    assert move.finish_moves(at=START) == 0


def dying(step: str, when: str) -> object:
    module, _, name = step.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)

    def dies(*args: object, **kwargs: object) -> None:
        if when == "after":
            real(*args, **kwargs)
        raise Killed

    return patch(step, dies)


def test_a_protection_is_at_the_new_city_before_its_code_is(world: World) -> None:
    protection.protect(resident=world.jiro, by="x", at=START)
    with dying("numbering.persons.request_issue", "before"), pytest.raises(Killed):
        move_jiro(world)
    assert Flag.objects.filter(agency=CHOFU).count() == 1
    move_jiro(world)
    assert Flag.objects.filter(agency=CHOFU).count() == 1


def test_who_has_not_moved_out_does_not_move_in(world: World) -> None:
    with pytest.raises(NotMovedOut):
        move.move_in(clerk=world.clerk, resident=world.kenji, address=IN_CHOFU, at=START)
    assert IssuedCode.objects.filter(resident=world.kenji, agency=CHOFU).count() == 0


def test_a_clerk_registers_only_at_home(world: World) -> None:
    for user, address in [(world.clerk, IN_MITAKA), (world.citizen, IN_CHOFU)]:
        with pytest.raises(OtherMunicipality):
            move.move_in(clerk=user, resident=world.jiro, address=address, at=START)
    assert world.jiro.current.event == Event.MOVED_OUT


def test_a_city_without_a_key_gets_its_code_later(world: World) -> None:
    Agency.objects.filter(local_code=CHOFU).update(code_public_key=None)
    move_jiro(world)
    assert IssuedCode.objects.get(resident=world.jiro, agency=CHOFU).issued_at is None
    load_agencies()
    move_jiro(world)
    assert_moved_once(world)
