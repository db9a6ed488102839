"""Acts of the register through the desk's forms: checked first, noted once, under the clerk's pseudonym."""

from __future__ import annotations

import pytest

from desk.pages.page import address
from numbering.models import IssuedCode, IssuedNumber
from residents.models import Entry, Event, Resident, Status
from tests.desk.world import CHOFU, World
from tests.support import DATABASES

pytestmark = DATABASES

HOME = {"postal_code": "182-0024", "town": "布田", "street": "1-2-3", "building": ""}
NAMES = {
    "family_name": "佐々木", "given_name": "花子", "family_kana": "ササキ", "given_kana": "ハナコ", "latin_name": "",
    "former_name": "山田",
}  # fmt: skip
ACTS = {
    "moving-out": ({"on": "2026-06-01"}, Event.MOVED_OUT),
    "moving-within": ({"on": "2026-06-01", **HOME}, Event.MOVED_WITHIN),
    "name": ({"on": "2026-06-01", **NAMES}, Event.NAME_CHANGED),
    "leaving-japan": ({"on": "2026-06-01"}, Event.LEFT_JAPAN),
    "death": ({"on": "2026-06-01"}, Event.DIED),
    "correction": (
        {
            **NAMES, **HOME, "birth_date": "1990-04-16", "sex": "2", "nationality_class": "JAPANESE", "stay_until": "",
            "relation": "HEAD",
        },
        Event.CORRECTED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("slug", sorted(ACTS))
def test_an_act_is_checked_then_noted_under_the_pseudonym(world: World, slug: str) -> None:
    given, event = ACTS[slug]
    client = world.opened(world.clerk, world.hanako)
    where = address("act", world.hanako.pk, slug=slug)
    check = client.post(where, given)
    assert world.hanako.current.event == Event.REGISTERED
    carried = dict(check.context["carried"])
    changed = client.post(where, {**carried, "step": "change"})
    assert changed.context["form"].data.get("on") == given.get("on")
    assert world.hanako.current.event == Event.REGISTERED
    done = client.post(where, {**carried, "step": "confirm"})
    assert (done.status_code, done.headers["Location"]) == (302, address("change", world.hanako.pk))
    entry = world.hanako.current
    assert (entry.event, entry.recorded_by) == (event, world.clerk.pseudonym("registry"))
    assert str(world.clerk.staff_code.value.hex()) not in entry.recorded_by


def test_what_the_register_refuses_is_said_and_nothing_changes(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    where = address("act", world.hanako.pk, slug="moving-out")
    answer = client.post(where, {"on": "2031-01-01", "step": "confirm"})
    assert answer.context["form"].non_field_errors()
    assert world.hanako.current.event == Event.REGISTERED


def test_an_act_that_does_not_follow_has_no_page(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    client.post(address("act", world.hanako.pk, slug="death"), {"on": "2026-06-01", "step": "confirm"})
    assert client.get(address("act", world.hanako.pk, slug="moving-out")).status_code == 404
    assert client.get(address("act", world.hanako.pk, slug="nonsense")).status_code == 404


def test_moving_in_from_search_to_code(world: World) -> None:
    client = world.client(world.clerk)
    found = client.post("/desk/residents/resident/arrivals/", {"name": "鈴木　次郎", "birth_date": "1975-07-20"})
    (row,) = found.context["rows"]
    assert row["href"] == address("purpose", world.jiro.pk)
    opened = client.post(row["href"], {"purpose": "MOVING", "case_number": "転入-1", "words": ""})
    assert opened.headers["Location"] == address("move_in", world.jiro.pk)
    assert client.get(address("change", world.jiro.pk)).status_code == 404
    given = {**HOME, "on": "2026-06-01", "member": world.taro.local_id, "relation": "LODGER", "step": "confirm"}
    done = client.post(opened.headers["Location"], given)
    assert done.status_code == 302
    entry = world.jiro.current
    assert (entry.local_government_code, entry.status, entry.event) == (CHOFU, Status.RESIDENT, Event.MOVED_IN)
    assert entry.household_id == world.taro.current.household_id
    assert IssuedCode.objects.filter(resident=world.jiro, agency=CHOFU, issued_at__isnull=False).count() == 1
    assert client.get(done.headers["Location"]).status_code == 200
    assert world.client(world.stranger).get(address("purpose", world.jiro.pk)).status_code == 404


def test_who_left_japan_comes_back_with_the_same_number(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    client.post(address("act", world.hanako.pk, slug="leaving-japan"), {"on": "2026-06-01", "step": "confirm"})
    before = IssuedNumber.objects.get(resident=world.hanako).pk
    assert client.get(address("act", world.hanako.pk, slug="arrival")).headers["Location"] == address(
        "move_in", world.hanako.pk
    )
    given = {**HOME, "on": "2026-09-01", "member": "", "relation": "HEAD", "step": "confirm"}
    client.post(address("move_in", world.hanako.pk), given)
    assert world.hanako.current.event == Event.RETURNED
    assert IssuedNumber.objects.get(resident=world.hanako).pk == before


def test_a_birth_brings_record_number_and_code(world: World) -> None:
    client = world.client(world.clerk)
    given = {
        "parent": world.taro.local_id, "family_name": "山田", "given_name": "さくら", "family_kana": "ヤマダ",
        "given_kana": "サクラ", "born_on": "2026-10-01", "sex": "2",
    }  # fmt: skip
    assert Resident.objects.count() == 4
    client.post("/desk/residents/resident/new/birth/", given)
    assert Resident.objects.count() == 4
    done = client.post("/desk/residents/resident/new/birth/", {**given, "step": "confirm"})
    assert done.status_code == 302
    entry = Entry.objects.get(given_name="さくら")
    assert (entry.household_id, entry.full_address) == (
        world.taro.current.household_id,
        world.taro.current.full_address,
    )
    assert IssuedNumber.objects.filter(resident=entry.resident).count() == 1
    client.post("/desk/residents/resident/new/birth/", {**given, "step": "confirm"})
    assert Entry.objects.filter(given_name="さくら").count() == 1
    assert IssuedNumber.objects.filter(resident=entry.resident).count() == 1


def test_a_parent_of_another_city_is_nobody(world: World) -> None:
    given = {
        "parent": world.kenji.local_id,
        "family_name": "佐藤",
        "given_name": "一",
        "born_on": "2026-10-01",
        "sex": "1",
    }
    answer = world.client(world.clerk).post("/desk/residents/resident/new/birth/", given)
    assert "parent" in answer.context["form"].errors


def test_a_first_arrival_from_abroad(world: World) -> None:
    given = {
        **HOME, "on": "2026-10-01", "family_name": "", "given_name": "", "family_kana": "", "given_kana": "",
        "latin_name": "SMITH ANNE", "former_name": "", "birth_date": "1995-02-03", "sex": "2",
        "nationality_class": "MID_TO_LONG_TERM", "stay_until": "2029-02-03", "member": "", "relation": "HEAD",
        "step": "confirm",
    }  # fmt: skip
    assert world.client(world.clerk).post("/desk/residents/resident/new/from-abroad/", given).status_code == 302
    assert Entry.objects.get(latin_name="SMITH ANNE").local_government_code == CHOFU


def test_what_the_record_said_on_a_day(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    given, _event = ACTS["name"]
    client.post(address("act", world.hanako.pk, slug="name"), {**given, "step": "confirm"})
    where = address("as_of", world.hanako.pk)
    assert "山田　花子" in client.get(f"{where}?on=2026-05-31").content.decode()
    assert "佐々木　花子" in client.get(f"{where}?on=2026-06-01").content.decode()
    assert client.get(f"{where}?on=2019-01-01").context["facts"] == []
    assert client.get(f"{where}?on=never").context["facts"] == []
