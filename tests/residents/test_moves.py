"""Moves: what follows what, once, and the same person all along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from residents import errors
from residents.changes import record_death
from residents.models import Entry, Household, Resident
from residents.moves import leave_japan, move_in, move_out, move_within, return_to_japan
from tests.residents.people import CHOFU, CLERK, HANAKO, MITAKA, MITAKA_2, TARO, day, hanako, noon, settle
from tests.support import DATABASES

pytestmark = DATABASES

NOW = noon("2026-06-02")

# Every act that changes a living resident's status or address, ready to be tried at any time.
ACTS: dict[str, Callable[[Resident], Entry]] = {
    "move_out": lambda who: move_out(resident=who, by=CLERK, at=NOW),
    "move_in": lambda who: move_in(resident=who, address=CHOFU, by=CLERK, at=NOW),
    "move_within": lambda who: move_within(resident=who, address=MITAKA_2, by=CLERK, at=NOW),
    "leave_japan": lambda who: leave_japan(resident=who, by=CLERK, at=NOW),
    "return_to_japan": lambda who: return_to_japan(resident=who, address=CHOFU, by=CLERK, at=NOW),
    "record_death": lambda who: record_death(resident=who, by=CLERK, at=NOW),
}


def test_a_move_to_another_city() -> None:
    resident = hanako()
    out = move_out(resident=resident, on=day("2026-05-31"), by=CLERK, at=noon("2026-05-20").replace(month=6))
    assert (out.status, out.local_government_code) == ("MOVED_OUT", "132047")
    assert not Entry.objects.current().in_municipality("132047").exists()
    here = move_in(resident=resident, address=CHOFU, on=day("2026-06-01"), by=CLERK, at=noon("2026-06-20"))
    assert (here.status, here.full_address) == ("RESIDENT", "東京都調布市小島町2-35-1")
    assert list(Entry.objects.current().in_municipality("132080")) == [here]
    assert resident.local_id == resident.local_id_at("132080") != resident.local_id_at("132047")


def test_a_family_arrives_in_one_household() -> None:
    head = settle()
    husband = settle(TARO, household=head.household, relation="HUSBAND")
    for entry in (head, husband):
        move_out(resident=entry.resident, by=CLERK, at=NOW)
    first = move_in(resident=head.resident, address=CHOFU, by=CLERK, at=NOW)
    second = move_in(
        resident=husband.resident, address=CHOFU, household=first.household, relation="HUSBAND", by=CLERK, at=NOW
    )
    assert first.household == second.household != head.household


@pytest.mark.parametrize("name", ACTS)
def test_an_act_repeated_adds_nothing(name: str) -> None:
    resident = hanako()
    if name == "move_in":
        ACTS["move_out"](resident)
    if name == "return_to_japan":
        ACTS["leave_japan"](resident)
    first = ACTS[name](resident)
    households, entries = Household.objects.count(), Entry.objects.count()
    assert ACTS[name](resident) == first
    assert (Household.objects.count(), Entry.objects.count()) == (households, entries)


FOLLOWS = {
    "RESIDENT": {"move_out", "move_within", "leave_japan", "record_death"},
    "MOVED_OUT": {"move_in", "leave_japan", "record_death"},
    "ABROAD": {"return_to_japan", "record_death"},
    "DECEASED": set(),
}
INTO = {"RESIDENT": None, "MOVED_OUT": "move_out", "ABROAD": "leave_japan", "DECEASED": "record_death"}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("status", FOLLOWS)
def test_only_what_can_follow_is_noted(status: str, name: str) -> None:
    resident = hanako()
    if INTO[status]:
        ACTS[INTO[status]](resident)
    if name == INTO[status]:
        return  # repeated, see above
    before = list(Entry.objects.order_by("version"))
    if name in FOLLOWS[status]:
        assert ACTS[name](resident).version == len(before) + 1
    else:
        with pytest.raises(errors.RegisterError):
            ACTS[name](resident)
        assert list(Entry.objects.order_by("version")) == before


def test_each_refusal_says_why() -> None:
    resident = hanako()
    with pytest.raises(errors.NotMovedOut):
        ACTS["move_in"](resident)
    with pytest.raises(errors.NotAbroad):
        ACTS["return_to_japan"](resident)
    ACTS["move_out"](resident)
    with pytest.raises(errors.NotAResident):
        ACTS["move_within"](resident)
    ACTS["record_death"](resident)
    with pytest.raises(errors.AlreadyDeceased):
        ACTS["move_in"](resident)


def test_days_run_forward_and_not_beyond_today() -> None:
    resident = hanako()
    with pytest.raises(errors.BeforeLastEntry):
        move_out(resident=resident, on=day("2020-01-09"), by=CLERK, at=NOW)
    with pytest.raises(errors.InTheFuture):
        move_out(resident=resident, on=day("2026-06-03"), by=CLERK, at=NOW)
    assert resident.current.version == 1


def test_a_move_within_stays_in_the_municipality_and_changes_something() -> None:
    resident = hanako()
    with pytest.raises(errors.OtherMunicipality):
        move_within(resident=resident, address=CHOFU, by=CLERK, at=NOW)
    with pytest.raises(errors.NothingToChange):
        move_within(resident=resident, address=MITAKA, by=CLERK, at=NOW)
    household = resident.current.household
    moved = move_within(resident=resident, address=MITAKA_2, by=CLERK, at=NOW)
    assert moved.household == household
    assert moved.full_address == "東京都三鷹市上連雀4-5-6\u3000コーポ上連雀201"


def test_moving_there_and_back_on_one_day_is_three_entries() -> None:
    resident = hanako()
    for address in (MITAKA_2, MITAKA, MITAKA_2):
        assert move_within(resident=resident, address=address, by=CLERK, at=NOW).is_current
    assert resident.entries.count() == 4


def test_a_return_may_bring_another_name() -> None:
    resident = hanako()
    ACTS["leave_japan"](resident)
    back = return_to_japan(
        resident=resident, address=CHOFU, details=replace(HANAKO, family_name="佐藤"), by=CLERK, at=NOW
    )
    assert (back.family_name, back.resident.resident_record_code) == ("佐藤", resident.resident_record_code)
