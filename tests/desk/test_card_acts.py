"""The card's way through the desk's pages: each act where it can follow, two clerks where the rules want two."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from cards.models import Card
from crossings.codes import portal_code_of
from desk.pages.page import address
from notifications.models import Message
from numbering import change
from residents.models import Resident
from tests.cards.people import portrait
from tests.desk.world import START, World
from tests.support import DATABASES

pytestmark = DATABASES

SURE = {"sure": "on"}
PINS = {
    "pin": "4821", "pin_again": "4821", "signature_password": "KLM905", "signature_password_again": "KLM905",
}  # fmt: skip
IDENTITY = {**SURE, "collector": "HOLDER", "proof": "PHOTO_DOCUMENT"}


@pytest.fixture(autouse=True)
def _places(settings: Any, tmp_path: Path) -> None:
    settings.CARDS_DIR, settings.PKI_DIR = tmp_path / "cards", tmp_path / "pki"


def do(client: Client, resident: Resident, slug: str, given: dict[str, Any]) -> Any:
    return client.post(address("card_act", resident.pk, slug=slug), given)


def done(client: Client, resident: Resident, slug: str, given: dict[str, Any]) -> str:
    """Do the act and return the page that follows."""
    answer = do(client, resident, slug, given)
    assert answer.status_code == 302, answer.context["form"].errors
    return client.get(answer.headers["Location"]).content.decode()


def applied(client: Client, resident: Resident, channel: str = "COUNTER") -> None:
    (form_id,) = re.findall(r"[0-9]{23}", done(client, resident, "form", SURE))
    photo = SimpleUploadedFile("p.jpg", portrait(), content_type="image/jpeg")
    done(client, resident, "application", {"application_id": form_id, "channel": channel, "photo": photo})


def ready(world: World) -> tuple[Client, Client]:
    clerk, supervisor = world.opened(world.clerk, world.hanako), world.opened(world.supervisor, world.hanako)
    applied(clerk, world.hanako)
    done(supervisor, world.hanako, "examination", SURE)
    call_command("produce_cards", verbosity=0)
    done(clerk, world.hanako, "arrival", SURE)
    return clerk, supervisor


def test_from_the_form_to_the_holders_hand(world: World) -> None:
    clerk, _ = ready(world)
    message = Message.objects.get()
    assert message.mailbox.portal_code == portal_code_of(world.hanako)
    assert message.sender == world.clerk.agency
    assert do(clerk, world.hanako, "hand-over", PINS).status_code == 404
    done(clerk, world.hanako, "identity", IDENTITY)
    wrong = do(clerk, world.hanako, "hand-over", {**PINS, "pin": "48"})
    assert "4821" not in wrong.content.decode() and "KLM905" not in wrong.content.decode()
    done(clerk, world.hanako, "hand-over", PINS)
    card = Card.objects.get(resident=world.hanako)
    assert card.state == "ACTIVE"
    assert {event.by for event in card.events.all()} == {
        "", world.clerk.pseudonym("registry"), world.supervisor.pseudonym("registry"),
    }  # fmt: skip


def test_who_took_the_application_cannot_examine_it(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    applied(clerk, world.hanako)
    assert do(clerk, world.hanako, "examination", SURE).context["form"].non_field_errors()
    assert Card.objects.get().state == "APPLIED"


def test_who_examines_sees_the_photo_and_nobody_else_later(world: World) -> None:
    clerk, supervisor = world.opened(world.clerk, world.hanako), world.opened(world.supervisor, world.hanako)
    applied(clerk, world.hanako)
    where = address("card_photo", world.hanako.pk)
    assert where in supervisor.get(address("card_act", world.hanako.pk, slug="examination")).content.decode()
    shown = supervisor.get(where)
    assert (shown.content, shown.headers["Content-Type"]) == (portrait(), "image/jpeg")
    assert world.client(world.stranger).get(where).status_code == 404
    done(supervisor, world.hanako, "examination", SURE)
    assert supervisor.get(where).status_code == 404


def test_what_came_over_the_network_any_clerk_examines(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    applied(clerk, world.hanako, "SMARTPHONE")
    done(clerk, world.hanako, "examination", {**SURE, "refusal": "PHOTO"})
    assert Card.objects.get().state == "REJECTED"


def test_a_proxy_is_confirmed_by_a_supervisor_who_did_not_check(world: World) -> None:
    clerk, supervisor = ready(world)
    proxy = {**IDENTITY, "collector": "PROXY", "collector_proof": "PHOTO_DOCUMENT", "hindrance": "ILLNESS"}
    done(clerk, world.hanako, "identity", proxy)
    assert do(clerk, world.hanako, "proxy", SURE).status_code == 403
    assert do(clerk, world.hanako, "hand-over", PINS).context["form"].non_field_errors()
    done(supervisor, world.hanako, "proxy", SURE)
    done(clerk, world.hanako, "hand-over", PINS)
    assert Card.objects.get().state == "ACTIVE"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"photo": SimpleUploadedFile("p.jpg", b"GIF89a")}, None),
        ({"photo": ""}, None),
        ({"application_id": "1" * 23}, None),
        ({"application_id": "12"}, "application_id"),
        ({"channel": "PIGEON"}, "channel"),
        ({"express": "LOST", "channel": "PC"}, None),
    ],
)
def test_what_is_wrong_with_an_application_is_said(world: World, given: dict[str, Any], field: str | None) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    (form_id,) = re.findall(r"[0-9]{23}", done(clerk, world.hanako, "form", SURE))
    photo = SimpleUploadedFile("p.jpg", portrait(), content_type="image/jpeg")
    answer = do(
        clerk, world.hanako, "application", {"application_id": form_id, "channel": "COUNTER", "photo": photo, **given}
    )
    assert (field or "__all__") in answer.context["form"].errors
    assert not Card.objects.exists()


def test_another_persons_form_is_no_form(world: World) -> None:
    clerk = world.opened(world.clerk, world.taro)
    (form_id,) = re.findall(r"[0-9]{23}", done(clerk, world.taro, "form", SURE))
    clerk = world.opened(world.clerk, world.hanako)
    photo = SimpleUploadedFile("p.jpg", portrait(), content_type="image/jpeg")
    answer = do(clerk, world.hanako, "application", {"application_id": form_id, "channel": "PC", "photo": photo})
    assert answer.context["form"].non_field_errors()


def test_at_the_counter_pins_surface_certificates_and_the_return(world: World) -> None:
    clerk, _ = ready(world)
    done(clerk, world.hanako, "identity", IDENTITY)
    done(clerk, world.hanako, "hand-over", PINS)
    card = Card.objects.get()
    assert do(clerk, world.hanako, "pins", {}).context["form"].non_field_errors()
    done(clerk, world.hanako, "pins", {"pin": "9876", "pin_again": "9876"})
    done(clerk, world.hanako, "surface", SURE)
    done(clerk, world.hanako, "signature", SURE)
    done(clerk, world.hanako, "without-pins", SURE)
    assert do(clerk, world.hanako, "signature", SURE).context["form"].non_field_errors()
    done(clerk, world.hanako, "pins", PINS)
    done(clerk, world.hanako, "certificates", SURE)
    done(clerk, world.hanako, "return", SURE)
    card.refresh_from_db()
    assert card.state == "RETURNED"
    assert not card.certificates.filter(state="VALID").exists()


def test_an_invented_act_does_not_exist_and_a_stranger_finds_nobody(world: World) -> None:
    clerk = world.opened(world.clerk, world.hanako)
    assert do(clerk, world.hanako, "melt", SURE).status_code == 404
    stranger = world.client(world.stranger)
    assert do(stranger, world.hanako, "form", SURE).status_code == 404


def test_a_new_number_ends_the_card(world: World) -> None:
    clerk, _ = ready(world)
    done(clerk, world.hanako, "identity", IDENTITY)
    done(clerk, world.hanako, "hand-over", PINS)
    change.request(resident=world.hanako, reason="NUMBER_LEAKED", by="x", at=START)
    supervisor = world.opened(world.supervisor, world.hanako)
    assert supervisor.post(address("approve_number", world.hanako.pk), SURE).status_code == 302
    card = Card.objects.get()
    assert card.state == "ABOLISHED"
    assert not card.certificates.filter(state="VALID").exists()


def test_a_stop_at_the_counter_ends_the_holders_sessions(world: World) -> None:
    from accounts.models import User

    clerk, _ = ready(world)
    done(clerk, world.hanako, "identity", IDENTITY)
    done(clerk, world.hanako, "hand-over", PINS)
    holder = User.objects.citizen(portal_code_of(world.hanako))
    before = holder.get_session_auth_hash()
    clerk.post(address("stop_card", world.hanako.pk), {"how": "lost", **SURE})
    holder.refresh_from_db()
    assert holder.get_session_auth_hash() != before
