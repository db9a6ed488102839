"""First entries: who may be registered, once, and what the record then says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from residents import errors
from residents.models import Entry, LocalPerson, Resident
from residents.moves import leave_japan
from residents.register import register_birth, register_from_abroad, register_moving_in
from tests.residents.people import CHOFU, CLERK, HANAKO, MITAKA, SAKURA, TARO, day, hanako, noon, settle
from tests.support import DATABASES

pytestmark = DATABASES


def test_the_first_entry_says_what_was_told() -> None:
    entry = settle()
    assert entry.full_name == "山田\u3000花子"
    assert entry.full_kana == "ヤマダ\u3000ハナコ"
    assert entry.full_address == "東京都三鷹市下連雀1-2-3"
    assert (entry.event, entry.status, entry.version, entry.is_current) == ("REGISTERED", "RESIDENT", 1, True)
    assert (entry.effective_on, entry.recorded_by, entry.relation) == (day("2020-01-10"), CLERK, "HEAD")
    assert entry.resident.current == entry


def test_a_day_begins_in_japan() -> None:
    late = noon("2020-01-10").replace(hour=15, minute=30)  # half past midnight of the 11th in Tokyo
    assert register_moving_in(details=HANAKO, address=MITAKA, by=CLERK, at=late).effective_on == day("2020-01-11")


def test_a_birth_counts_from_the_day_of_birth() -> None:
    mother = settle()
    born = register_birth(details=SAKURA, address=MITAKA, household=mother.household, by=CLERK, at=noon("2024-02-20"))
    assert (born.effective_on, born.relation, born.household) == (day("2024-02-10"), "CHILD", mother.household)
    assert set(mother.household.entries.current()) == {mother, born}


def test_the_same_notification_makes_one_person() -> None:
    first, second = settle(), settle()
    assert first == second
    assert Resident.objects.count() == Entry.objects.count() == 1
    assert settle(TARO).resident != first.resident


def test_the_record_code_is_kept_and_belongs_to_one() -> None:
    entry = settle(resident_record_code="24727059608")
    assert entry.resident.resident_record_code == "24727059608"
    assert settle(resident_record_code="24727059608") == entry
    with pytest.raises(errors.RecordCodeTaken):
        settle(TARO, resident_record_code="24727059608")
    with pytest.raises(errors.MalformedRecordCode):
        settle(TARO, resident_record_code="24727059609")
    assert Resident.objects.count() == 1


def test_a_taken_random_code_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["24727059608", "24727059608", "24846016224"])
    monkeypatch.setattr("residents.register.new_record_code", lambda: next(draws))
    codes = [settle(person).resident.resident_record_code for person in (HANAKO, TARO)]
    assert codes == ["24727059608", "24846016224"]


def test_local_ids_are_one_per_municipality() -> None:
    entry = settle()
    assert len(entry.resident.local_id) == 15
    assert entry.resident.local_id_at("132047") == entry.resident.local_id
    assert entry.resident.local_id_at("132080") is None
    assert LocalPerson.objects.count() == 1


def test_who_returns_from_abroad_is_the_same_person() -> None:
    resident = hanako()
    local_id = resident.local_id
    leave_japan(resident=resident, by=CLERK, at=noon("2021-05-01"))
    back = register_from_abroad(resident=resident, details=HANAKO, address=MITAKA, by=CLERK, at=noon("2024-05-01"))
    assert (back.resident, back.event, back.status) == (resident, "RETURNED", "RESIDENT")
    assert resident.local_id == local_id
    assert Resident.objects.count() == 1


def test_a_foreign_resident_may_have_a_latin_name_only() -> None:
    person = replace(
        HANAKO,
        family_name="",
        given_name="",
        family_kana="",
        given_kana="",
        latin_name="SMITH JOHN A.",
        nationality_class="MID_TO_LONG_TERM",
        stay_until=date(2027, 1, 1),
    )
    entry = register_from_abroad(details=person, address=CHOFU, by=CLERK, at=noon("2024-05-01"))
    assert (entry.full_name, entry.stay_until) == ("SMITH JOHN A.", date(2027, 1, 1))


@pytest.mark.parametrize("birth_date", ["1990", "1990-04", "1990-04-15", "2020-01-10"])
def test_a_birth_date_may_be_partial(birth_date: str) -> None:
    assert settle(replace(HANAKO, birth_date=birth_date)).birth_date == birth_date


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"birth_date": "2020-01-11"}, errors.MalformedBirthDate),
        ({"birth_date": "1990-02-30"}, errors.MalformedBirthDate),
        ({"birth_date": "1990-13"}, errors.MalformedBirthDate),
        ({"birth_date": "90-04-15"}, errors.MalformedBirthDate),
        ({"birth_date": "1990-4-15"}, errors.MalformedBirthDate),
        ({"birth_date": "１９９０"}, errors.MalformedBirthDate),
        ({"birth_date": "0990"}, errors.MalformedBirthDate),
        ({"birth_date": ""}, errors.MalformedBirthDate),
        ({"sex": "3"}, errors.UnknownValue),
        ({"nationality_class": "MARTIAN"}, errors.UnknownValue),
        ({"nationality_class": "MID_TO_LONG_TERM"}, errors.StayMissing),
        ({"nationality_class": "MID_TO_LONG_TERM", "stay_until": date(2020, 1, 9)}, errors.StayMissing),
        ({"stay_until": date(2030, 1, 1)}, errors.StayMissing),
        ({"family_name": "山\u0000田"}, errors.MalformedName),
        ({"family_name": "", "given_name": "", "latin_name": ""}, errors.MalformedName),
        ({"family_kana": "やまだ"}, errors.MalformedKana),
        ({"latin_name": "YAMADA<HANAKO"}, errors.MalformedLatinName),
    ],
)
def test_malformed_details_are_refused_and_change_nothing(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        settle(replace(HANAKO, **changes))
    assert not Resident.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"local_government_code": "132046"}, errors.UnknownMunicipality),
        ({"local_government_code": "130001"}, errors.UnknownMunicipality),
        ({"local_government_code": "13204"}, errors.UnknownMunicipality),
        ({"municipality": "調布市"}, errors.MalformedAddress),
        ({"prefecture": "鳥取県"}, errors.MalformedAddress),
        ({"postal_code": "181-0013"}, errors.MalformedAddress),
        ({"town": "下連\n雀"}, errors.MalformedAddress),
        ({"street": "1" * 101}, errors.MalformedAddress),
    ],
)
def test_malformed_addresses_are_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        settle(address=replace(MITAKA, **changes))
    assert not Resident.objects.exists()


def test_unknown_relation_and_future_day_are_refused() -> None:
    with pytest.raises(errors.UnknownValue):
        settle(relation="FRIEND")
    with pytest.raises(errors.InTheFuture):
        register_moving_in(details=HANAKO, address=MITAKA, on=day("2020-01-11"), by=CLERK, at=noon("2020-01-10"))
    with pytest.raises(errors.InTheFuture):
        register_birth(
            details=replace(SAKURA, birth_date="2020-01-11"),
            address=MITAKA,
            household=settle().household,
            by=CLERK,
            at=noon("2020-01-10"),
        )


def test_neither_errors_nor_details_repeat_what_was_told() -> None:
    with pytest.raises(errors.RegisterError) as caught:
        settle(replace(HANAKO, family_name="山田!"))
    shown = f"{caught.value} {caught.value!r} {HANAKO!r} {HANAKO} {MITAKA!r} {settle()!r} {settle().resident!r}"
    for secret in ("山田", "花子", "ハナコ", "1990", "下連雀", settle().resident.resident_record_code):
        assert secret not in shown
