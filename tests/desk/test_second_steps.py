"""What two clerks do: a new number, the end of a protection. And the card at the counter."""

from __future__ import annotations

from unittest.mock import patch

from cards import issuance
from cards.models import Card
from desk.pages.page import address
from holdings.models import Protection as Flag
from numbering.models import IssuedNumber, NumberChange
from residents.models import Protection
from tests.desk.world import CHOFU, World
from tests.support import DATABASES

pytestmark = DATABASES

SURE = {"sure": "on"}


def test_a_number_is_changed_by_two(world: World) -> None:
    first = IssuedNumber.objects.get(resident=world.hanako)
    clerk, supervisor = world.opened(world.clerk, world.hanako), world.opened(world.supervisor, world.hanako)
    clerk.post(address("ask_for_number", world.hanako.pk), {"reason": "NUMBER_LEAKED"})
    assert IssuedNumber.objects.filter(resident=world.hanako).count() == 1
    assert clerk.post(address("approve_number", world.hanako.pk), SURE).status_code == 403
    assert supervisor.post(address("approve_number", world.hanako.pk), {}).context["form"].errors
    supervisor.post(address("approve_number", world.hanako.pk), SURE)
    first.refresh_from_db()
    assert first.state == "RETIRED"
    done = NumberChange.objects.get(resident=world.hanako)
    assert done.requested_by == world.clerk.pseudonym("registry")
    assert done.approved_by == world.supervisor.pseudonym("registry")


def test_a_supervisor_does_not_approve_the_supervisors_own_request(world: World) -> None:
    supervisor = world.opened(world.supervisor, world.hanako)
    supervisor.post(address("ask_for_number", world.hanako.pk), {"reason": "NUMBER_LEAKED"})
    answer = supervisor.post(address("approve_number", world.hanako.pk), SURE)
    assert answer.context["form"].non_field_errors()
    assert IssuedNumber.objects.filter(resident=world.hanako).count() == 1


def test_a_protection_is_set_by_one_and_lifted_by_two(world: World) -> None:
    clerk, supervisor = world.opened(world.clerk, world.hanako), world.opened(world.supervisor, world.hanako)
    clerk.post(address("protect", world.hanako.pk), {**SURE, "until_on": ""})
    assert Flag.objects.filter(agency=CHOFU).count() == 1
    page = clerk.get(address("change", world.hanako.pk))
    assert page.context["protection"] is not None
    assert supervisor.post(address("approve_lifting", world.hanako.pk), SURE).context["form"].non_field_errors()
    clerk.post(address("ask_to_lift", world.hanako.pk), SURE)
    assert clerk.post(address("approve_lifting", world.hanako.pk), SURE).status_code == 403
    assert Flag.objects.filter(agency=CHOFU).count() == 1
    supervisor.post(address("approve_lifting", world.hanako.pk), SURE)
    lifted = Protection.objects.get(resident=world.hanako)
    assert lifted.lifted_by == world.supervisor.pseudonym("registry")
    assert Flag.objects.count() == 0


def test_the_page_does_not_say_done_before_every_agency_knows(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    clerk.raise_request_exception = False
    with patch("crossings.protect.Flag.objects.update_or_create", side_effect=OSError):
        answer = clerk.post(address("protect", world.hanako.pk), {**SURE, "until_on": ""})
    assert answer.status_code == 500
    assert clerk.post(address("protect", world.hanako.pk), {**SURE, "until_on": ""}).status_code == 302
    assert Flag.objects.filter(agency=CHOFU).count() == 1


def test_a_longer_protection_than_a_year_is_refused_and_leaves_no_flag(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    answer = clerk.post(address("protect", world.hanako.pk), {**SURE, "until_on": "2099-01-01"})
    assert answer.context["form"].non_field_errors()
    assert Flag.objects.count() == Protection.objects.count() == 0


def test_a_protected_persons_town_is_not_in_a_search(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    clerk.post(address("protect", world.hanako.pk), {**SURE, "until_on": ""})
    found = clerk.post("/desk/residents/resident/", {"name": "山田", "address": "調布市"})
    places = {row["hit"].name: row["hit"].place for row in found.context["rows"]}
    assert places == {"山田　花○": "", "山田　太○": "調布市小島町"}


def test_what_waits_is_listed_without_a_name_and_only_at_home(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    clerk.post(address("ask_for_number", world.hanako.pk), {"reason": "NUMBER_LEAKED"})
    page = world.client(world.supervisor).get("/desk/approvals/")
    assert [row["href"] for row in page.context["rows"]] == [address("purpose", world.hanako.pk)]
    assert "山田" not in page.content.decode()
    assert world.client(world.other_supervisor).get("/desk/approvals/").context["rows"] == []


def test_a_card_is_issued_and_stopped(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    where = address("issue_card", world.hanako.pk)
    good = {
        "pin": "4821", "pin_again": "4821", "signature_password": "KLM905", "signature_password_again": "KLM905",
    }  # fmt: skip
    wrong = clerk.post(where, {**good, "pin_again": "4822"})
    assert "4821" not in wrong.content.decode() and "KLM905" not in wrong.content.decode()
    assert Card.objects.count() == 0
    assert clerk.post(where, good).status_code == 302
    card = Card.objects.get(resident=world.hanako)
    assert card.events.get().by == world.clerk.pseudonym("registry")
    assert clerk.post(where, good).context["form"].non_field_errors()
    from django.utils import timezone

    issuance.personalise(card=card, at=timezone.now())
    assert clerk.get(address("change", world.hanako.pk)).context["card_live"]
    clerk.post(address("stop_card", world.hanako.pk), {"how": "lost", **SURE})
    card.refresh_from_db()
    assert card.state == Card.State.LOST
    clerk.post(address("stop_card", world.hanako.pk), {"how": "lift", **SURE})
    card.refresh_from_db()
    assert card.state == Card.State.ACTIVE
    clerk.post(address("act", world.hanako.pk, slug="death"), {"on": "2026-06-01", "step": "confirm"})
    card.refresh_from_db()
    assert card.state == Card.State.ABOLISHED
