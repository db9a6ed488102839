"""Our copies: counted without persons, each agency its own; a supervisor stops a whole data set and lets it go on."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from accounts.models import User
from holdings.models import Run, Stop, Withdrawal
from holdings.periods import Period
from holdings.registration import register, withdraw
from holdings.stops import stop
from tests.desk.test_queries import queries_of
from tests.desk.world import CHOFU, MITAKA, World, a_code, clerk
from tests.holdings.kept import LOCAL_TAX, copy
from tests.support import DATABASES

pytestmark = DATABASES
PAGE, SWITCH = "/desk/lists/copies/", f"/desk/lists/copies/{LOCAL_TAX}/"


def hold(count: int = 1, agency: str = CHOFU, kind: str = Run.Kind.INITIAL) -> list:
    codes = [a_code() for _ in range(count)]
    copies = [copy(codes=(code,), reference=f"{number}-{code.value.hex()[:8]}") for number, code in enumerate(codes)]
    register(agency=agency, kind=kind, handed_in=copies, at=timezone.now())
    return codes


def cells(page: str) -> list[str]:
    """The row of local tax, cell by cell."""
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", page, re.S) if "Local tax" in row)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)]


def shown(world: World, user: User) -> list[str]:
    client = world.client(user)
    client.cookies["django_language"] = "en"
    return cells(client.get(PAGE).content.decode())


def test_copies_are_counted_with_layout_run_and_stops(world: World) -> None:
    codes = hold(3)
    hold(2, kind=Run.Kind.CORRECTION)
    hold(5, agency=MITAKA)
    reason = Withdrawal.WRONG_PERSON
    facts = {"agency": CHOFU, "data_set": LOCAL_TAX, "at": timezone.now()}
    withdraw(codes=[codes[0]], period=Period(fiscal_year=2026), reason=reason, **facts)
    stop(codes=[codes[1]], reason=Stop.Reason.REPORTED, **facts)
    row = shown(world, world.clerk)
    assert row[:5] == ["Local tax", "4", "1", "1", "No. 3, withdrawal of a copy"]
    assert row[6:] == ["Stopped for 1 person"]
    assert shown(world, world.stranger)[:5] == ["Local tax", "5", "0", "1", "No. 1, first registration"]


def test_the_page_shows_no_person_and_no_reference(world: World) -> None:
    [code] = hold()
    page = world.client(world.supervisor).get(PAGE).content.decode()
    assert "a1-" not in page
    assert code.value.hex() not in page


def test_it_costs_the_same_with_one_copy_and_with_many(world: World) -> None:
    client = world.client(world.clerk)
    hold()
    one = queries_of(lambda: client.get(PAGE))
    hold(10)
    hold(3, kind=Run.Kind.CHANGE)
    assert queries_of(lambda: client.get(PAGE)) == one


def test_an_agency_that_provides_nothing_is_told_so(world: World) -> None:
    client = world.client(clerk("900027"))
    client.cookies["django_language"] = "en"
    assert "Your agency keeps no copies here." in client.get(PAGE).content.decode()


def test_a_supervisor_stops_a_data_set_and_lets_it_go_on(world: World) -> None:
    hold()
    client = world.client(world.supervisor)
    assert client.post(SWITCH, {"reason": "", "sure": "on"}).status_code == 200
    assert client.post(SWITCH, {"reason": "REPORTED"}).status_code == 200
    assert not Stop.objects.exists()
    assert client.post(SWITCH, {"reason": "REPORTED", "sure": "on"}).status_code == 302
    [row] = Stop.objects.in_force()
    assert (row.agency, row.data_set, row.code, row.reason) == (CHOFU, LOCAL_TAX, None, "REPORTED")
    assert row.by == world.supervisor.pseudonym("holdings")
    assert shown(world, world.clerk)[6] == "Stopped: somebody reported that it is wrong"
    assert client.post(SWITCH, {"sure": "on"}).status_code == 302
    assert not Stop.objects.in_force().exists()
    assert shown(world, world.supervisor)[6:] == ["Not stopped", "Stop them (Local tax)"]


def test_nobody_else_presses_it_and_nobody_for_another_agency_or_data_set(world: World) -> None:
    hold()
    pressed = {"reason": "REPORTED", "sure": "on"}
    answers = [world.client(user).post(SWITCH, pressed).status_code for user in (world.clerk, world.citizen, None)]
    assert answers == [403, 302, 302]
    assert not Stop.objects.exists()
    world.client(world.other_supervisor).post(SWITCH, pressed)
    assert [row.agency for row in Stop.objects.all()] == [MITAKA]
    for data_set in ("TM90000000000004", "TM90000000000090"):
        address = f"/desk/lists/copies/{data_set}/"
        assert world.client(world.supervisor).post(address, pressed).status_code == 404


@pytest.mark.parametrize("post", [User.Post.CLERK, User.Post.SUPERVISOR])
def test_a_pension_services_clerk_reads_its_own(world: World, post: str) -> None:
    client = world.client(clerk("900019", post))
    client.cookies["django_language"] = "en"
    page = client.get(PAGE).content.decode()
    assert ("Pension benefits" in page, "Local tax" in page) == (True, False)
    assert (f"{PAGE}TM90000000000004/" in page) == (post == User.Post.SUPERVISOR)
