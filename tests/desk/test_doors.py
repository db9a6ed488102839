"""Every address of the desk for every kind of caller. A new address without a declared outcome fails the first test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from desk.site import TAKEN_OFF
from tests.desk.world import CHOFU, World
from tests.support import DATABASES

pytestmark = DATABASES

IN, OUT = "/desk/", "/desk/sign-in/"
# Outcome of GET for: nobody, a citizen, a clerk before the purpose page, after it, and a supervisor after it.
# 302 without more is the way to the sign-in page; "purpose" is the way to the purpose page.
LIST = (302, 302, 200, 200, 200)
PERSON = (302, 302, "purpose", 200, 200)
ONLY_WHERE_IT_STANDS = (302, 302, "purpose", 404, 404)
SECOND_STEP = (302, 302, 403, 403, 404)
SUPERVISORS = (302, 302, 403, 403, 200)
NOT_THERE = (302, 302, 403, 403, 404)
# The arguments of addresses that name an agency, a row or a change.
NAMED = {
    "statute-change": {"change_id": UUID(int=1)},
    "statute-close": {"row": "I01"},
    "agency": {"local_code": CHOFU},
    "agency-assessment": {"local_code": CHOFU},
    "agency-activity": {"local_code": CHOFU},
    "agency-client": {"local_code": CHOFU, "client_id": UUID(int=1)},
}
OF_THE_COMMISSION = (302, 302, 403, 403, 403)
COMMISSIONS = (
    "supervision", "refusals", "unusual", "differing", "assessments", "withheld", "log", "passed-on", "passed-on-one",
    "behind",
)  # fmt: skip
OUTCOMES = {
    "login": (200, 200, IN, IN, IN),
    "sign-in-answer": (405, 405, 405, 405, 405),
    "sign-in-finish": (403, 403, 403, 403, 403),
    "language": (405, 405, 405, 405, 405),
    "logout": (302, IN, 405, 405, 405),
    "keep": (302, 302, 204, 204, 204),
    "ended": (200, 200, IN, IN, IN),
    "index": LIST,
    "approvals": LIST,
    "waiting": LIST,
    "waiting-question": (302, 302, 404, 404, 404),
    "questions": LIST,
    "question": (302, 302, 404, 404, 404),
    **dict.fromkeys(COMMISSIONS, OF_THE_COMMISSION),
    "lists": LIST,
    "statute": LIST,
    "statute-changes": SUPERVISORS,
    "statute-add": SUPERVISORS,
    "statute-change": NOT_THERE,
    "statute-close": NOT_THERE,
    "agencies": SUPERVISORS,
    "agency": SUPERVISORS,
    "agency-assessment": (302, 302, 403, 403, 403),
    "agency-activity": (302, 302, 403, 403, 403),
    "agency-client": (302, 302, 403, 403, 403),
    "copies": LIST,
    "copies-switch": (302, 302, 403, 403, 200),
    "jsi18n": LIST,
    "agencies_agency_changelist": LIST,
    "exchange_accessrecord_changelist": LIST,
    "notifications_message_changelist": LIST,
    "payments_charge_changelist": LIST,
    "residents_resident_changelist": LIST,
    "residents_resident_arrivals": LIST,
    "residents_resident_new": LIST,
    "residents_resident_birth": LIST,
    "residents_resident_from_abroad": LIST,
    "residents_resident_purpose": LIST,
    "residents_resident_change": PERSON,
    "residents_resident_as_of": PERSON,
    "residents_resident_move_in": (302, 302, "purpose", "change", "change"),
    "residents_resident_act": PERSON,
    "residents_resident_protect": PERSON,
    "residents_resident_ask_to_lift": ONLY_WHERE_IT_STANDS,
    "residents_resident_approve_lifting": SECOND_STEP,
    "residents_resident_unmask": PERSON,
    "residents_resident_number_notice": PERSON,
    "residents_resident_ask_for_number": PERSON,
    "residents_resident_approve_number": SECOND_STEP,
    "residents_resident_issue_card": PERSON,
    "residents_resident_stop_card": ONLY_WHERE_IT_STANDS,
    "residents_resident_card_act": PERSON,
    "residents_resident_card_photo": ONLY_WHERE_IT_STANDS,
}
ABOUT_A_PERSON = sorted(
    name for name in OUTCOMES if "resident_" in name and (OUTCOMES[name] != LIST or name.endswith("purpose"))
)


def desk_patterns() -> Iterator[URLPattern]:
    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern

    door = next(p for p in get_resolver().url_patterns if str(p.pattern) == "desk/")
    yield from walk(door.url_patterns)


def address_of(name: str, world: World) -> str:
    arguments = {"resident_id": world.hanako.pk} if name in ABOUT_A_PERSON else dict(NAMED.get(name, {}))
    if name == "residents_resident_act":
        arguments["slug"] = "moving-out"
    if name == "waiting-question":
        arguments["reference"] = uuid.uuid4()
    if name == "residents_resident_card_act":
        arguments["slug"] = "form"
    if name == "copies-switch":
        arguments = {"data_set": "TM00000000000002"}
    if name in {"question", "passed-on-one"}:
        arguments["question_id"] = uuid.uuid4()
    if name == "behind":
        arguments["reference"] = uuid.uuid4()
    return reverse(f"desk:{name}", kwargs=arguments)


def outcome(world: World, client: object, name: str) -> object:
    answer = client.get(address_of(name, world))
    if answer.status_code != 302:
        return answer.status_code
    target = answer.headers["Location"]
    if target.startswith(f"{OUT}?next="):
        return 302
    return target.rstrip("/").rpartition("/")[2] if "resident/" in target else target


def test_every_address_has_a_declared_outcome() -> None:
    assert {pattern.name for pattern in desk_patterns()} - {None} == set(OUTCOMES)


def test_the_only_address_without_a_name_is_the_end_of_the_site(world: World) -> None:
    assert [str(pattern.pattern) for pattern in desk_patterns() if pattern.name is None] == ["(?P<url>.*)$"]
    answers = [world.client(user).get("/desk/nowhere/").status_code for user in (None, world.citizen, world.clerk)]
    assert answers == [302, 302, 404]


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_each_caller_gets_what_is_declared(world: World, name: str) -> None:
    callers = {
        "nobody": world.client(None),
        "citizen": world.client(world.citizen),
        "clerk": world.client(world.clerk),
        "clerk with a purpose": world.opened(world.clerk, world.hanako),
        "supervisor with a purpose": world.opened(world.supervisor, world.hanako),
    }
    seen = {who: outcome(world, client, name) for who, client in callers.items()}
    assert seen == dict(zip(callers, OUTCOMES[name], strict=True))


@pytest.mark.parametrize("name", ABOUT_A_PERSON)
def test_a_clerk_of_another_city_finds_nobody(world: World, name: str) -> None:
    expected = 403 if OUTCOMES[name] == SECOND_STEP else 404
    assert world.client(world.stranger).get(address_of(name, world)).status_code == expected
    assert world.client(world.stranger).post(address_of(name, world)).status_code == expected
    assert world.client(world.other_supervisor).get(address_of(name, world)).status_code == 404
    assert world.client(world.other_supervisor).post(address_of(name, world)).status_code == 404


@pytest.mark.parametrize("name", sorted(set(ABOUT_A_PERSON) - {"residents_resident_purpose"}))
def test_a_post_without_a_purpose_does_nothing(world: World, name: str) -> None:
    answer = world.client(world.supervisor).post(address_of(name, world), {"sure": "on", "reason": "x"})
    assert (answer.status_code, answer.headers["Location"]) == (302, address_of("residents_resident_purpose", world))


def test_a_clerk_of_an_agency_without_a_register_reads_lists_only(world: World) -> None:
    from tests.desk.world import clerk

    pension = world.client(clerk("900019"))
    assert pension.get("/desk/").status_code == 200
    assert pension.get("/desk/payments/charge/").status_code == 200
    assert pension.get("/desk/residents/resident/").status_code == 403
    assert pension.get(address_of("residents_resident_purpose", world)).status_code == 403


def test_what_was_taken_off_has_no_address() -> None:
    names = {pattern.name for pattern in desk_patterns()}
    assert names & (TAKEN_OFF - {"login", "logout"}) == set()
    assert {name for name in names if name and name.endswith(("_add", "_delete", "_history"))} == set()
