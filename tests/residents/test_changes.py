"""Changes that are no move."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from databases import REGISTRY
from residents import errors
from residents.changes import change_household, change_name, change_stay, correct, record_death
from residents.models import Entry, Household
from residents.moves import move_in, move_out, move_within
from tests.residents.people import CHOFU, CLERK, HANAKO, MITAKA_2, TARO, day, hanako, noon, settle
from tests.support import DATABASES

pytestmark = DATABASES

NOW = noon("2026-06-02")


def test_a_name_changes_and_the_former_one_stays_readable() -> None:
    resident = hanako()
    for _ in range(2):
        entry = change_name(
            resident=resident,
            family_name="佐藤",
            given_name="花子",
            family_kana="サトウ",
            given_kana="ハナコ",
            former_name="山田",
            by=CLERK,
            at=NOW,
        )
    assert (entry.full_name, entry.former_name, entry.version) == ("佐藤\u3000花子", "山田", 2)
    assert resident.entries.as_of(day("2026-06-01")).get().full_name == "山田\u3000花子"
    assert Entry.objects.search(local_government_code="132047", full_name="佐藤 花子", birth_date="1990-04-15").exists()


def test_a_child_founds_a_household() -> None:
    parent = settle()
    child = settle(TARO, household=parent.household, relation="CHILD")
    own = Household.objects.create()
    for _ in range(2):
        entry = change_household(resident=child.resident, household=own, relation="HEAD", by=CLERK, at=NOW)
    assert (entry.household, entry.relation, entry.version) == (own, "HEAD", 2)


def test_a_period_of_stay_is_renewed_and_ends_with_permanent_residence() -> None:
    resident = settle(replace(HANAKO, nationality_class="MID_TO_LONG_TERM", stay_until=date(2026, 12, 1))).resident
    longer = date(2029, 12, 1)
    entry = change_stay(resident=resident, nationality_class="MID_TO_LONG_TERM", stay_until=longer, by=CLERK, at=NOW)
    assert entry.stay_until == longer
    with pytest.raises(errors.StayMissing):
        change_stay(resident=resident, nationality_class="PERMANENT", stay_until=longer, by=CLERK, at=NOW)
    assert change_stay(resident=resident, nationality_class="PERMANENT", stay_until=None, by=CLERK, at=NOW).version == 3


def test_the_record_of_the_dead_is_only_corrected() -> None:
    resident = hanako()
    assert record_death(resident=resident, on=day("2026-06-01"), by=CLERK, at=NOW).status == "DECEASED"
    with pytest.raises(errors.AlreadyDeceased):
        change_name(resident=resident, family_name="佐藤", given_name="花子", by=CLERK, at=NOW)
    fixed = correct(resident=resident, details=replace(HANAKO, birth_date="1990-04-16"), by=CLERK, at=NOW)
    assert (fixed.status, fixed.birth_date) == ("DECEASED", "1990-04-16")


def test_a_correction_counts_from_today_and_changes_something() -> None:
    resident = hanako()
    with pytest.raises(errors.NothingToChange):
        correct(resident=resident, details=HANAKO, by=CLERK, at=NOW)
    with pytest.raises(errors.OtherMunicipality):
        correct(resident=resident, address=CHOFU, by=CLERK, at=NOW)
    correct(resident=resident, details=replace(HANAKO, sex="9"), by=CLERK, at=NOW)
    assert [resident.entries.as_of(day(d)).get().sex for d in ("2026-06-01", "2026-06-02")] == ["2", "9"]


def test_a_move_before_a_correction_may_still_be_reported() -> None:
    resident = hanako()
    correct(resident=resident, details=replace(HANAKO, sex="9"), by=CLERK, at=noon("2026-06-05"))
    moved = move_within(resident=resident, address=MITAKA_2, on=day("2026-06-03"), by=CLERK, at=noon("2026-06-10"))
    assert (moved.sex, moved.town) == ("9", "上連雀")
    assert resident.entries.as_of(day("2026-06-07")).get() == moved


def test_history_cannot_be_rewritten() -> None:
    entry = settle()
    for attack in (
        lambda: Entry.objects.filter(pk=entry.pk).update(family_name="鈴木"),
        lambda: Entry.objects.filter(pk=entry.pk).delete(),
        lambda: Entry.objects.filter(pk=entry.pk)._raw_delete(REGISTRY),
    ):
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic(using=REGISTRY):
            attack()
    assert Entry.objects.get().family_name == "山田"


def test_what_was_known_on_a_day_can_be_told_from_what_held_on_it() -> None:
    resident = hanako()
    move_out(resident=resident, on=day("2026-05-01"), by=CLERK, at=noon("2026-05-20"))
    move_in(resident=resident, address=CHOFU, on=day("2026-05-02"), by=CLERK, at=noon("2026-05-21"))
    held = resident.entries.as_of(day("2026-05-10")).get()
    known = resident.entries.as_of(day("2026-05-10"), known_at=noon("2026-05-10")).get()
    assert (held.municipality, known.municipality) == ("調布市", "三鷹市")
    assert not resident.entries.as_of(day("2020-01-09")).exists()
