"""Into the desk by card, and out again."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import session_limit
from accounts.models import SignIn, User
from cards.models import Card
from cards.reader.protocol import signed_message
from crossings import sign_in
from tests.cards.chips import PIN
from tests.cards.people import in_use, places, terminal  # noqa: F401
from tests.desk.world import CHOFU, World
from tests.support import DATABASES

pytestmark = DATABASES


def signed_in(user: object) -> sign_in.SignedIn:
    return sign_in.SignedIn(user, [])


def test_the_page_hands_a_challenge_to_the_reader(world: World) -> None:
    client = Client()
    answer = client.get("/desk/sign-in/")
    page = answer.content.decode()
    assert answer.headers["Referrer-Policy"] == "origin"
    assert f'action="{settings.READER_ORIGIN}/sign"' in page
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    assert fields["purpose"] == "desk-sign-in" and fields["return_to"] == "/desk/sign-in/answer/"
    assert client.session.session_key not in page


def on_the_reader(client: Client, card: Card) -> str:
    """What the reader does with the page's form: the chip signs, and the answer comes back without a cookie."""
    page = client.get("/desk/sign-in/").content.decode()
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    text = signed_message(
        origin=settings.PORTAL_ORIGIN, purpose=form["purpose"], session=form["session"], nonce=form["nonce"]
    )
    reader = terminal(card)
    answer = {
        "challenge": form["challenge"],
        "certificate": base64.b64encode(reader.certificate()).decode(),
        "signature": base64.b64encode(reader.sign(pin=PIN, digest=hashlib.sha256(text).digest())).decode(),
        "pairing": "t" * 43,
    }
    back = Client(enforce_csrf_checks=True).post(form["return_to"], answer)
    assert (back.status_code, back.cookies["reader"].value) == (303, "t" * 43)
    return str(back.headers["Location"])


@pytest.mark.usefixtures("places")
def test_a_real_card_opens_the_desk_once_and_only_in_its_own_browser(world: World) -> None:
    card = in_use(at=timezone.now(), clerk=True)
    user = User.objects.create(staff_code=card.staff_code(), agency=CHOFU, post="CLERK")
    client, thief = Client(), Client()
    thief.get("/desk/sign-in/")
    finish = on_the_reader(client, card)
    assert thief.get(finish).status_code == 403 and thief.get("/desk/").status_code == 302
    assert client.get(finish).headers["Location"] == "/desk/"
    assert client.get("/desk/").context["user"] == user
    assert client.get(finish).status_code == 403
    assert [(row.user, row.purpose) for row in SignIn.objects.all()] == [(user, "desk-sign-in")]


@pytest.mark.usefixtures("places")
def test_a_real_card_of_a_citizen_opens_nothing(world: World) -> None:
    client = Client()
    assert client.get(on_the_reader(client, in_use(at=timezone.now()))).status_code == 403
    assert client.get("/desk/").status_code == 302


def test_a_clerks_card_opens_a_new_session_of_a_quarter_of_an_hour(world: World) -> None:
    client = Client()
    client.get("/desk/sign-in/")
    before = client.session.session_key
    with patch("desk.sign_in.sign_in.finish", return_value=signed_in(world.clerk)):
        answer = client.get("/desk/sign-in/finish/?challenge=x")
    assert answer.headers["Location"] == "/desk/"
    assert client.session.session_key != before
    assert client.session.get_expiry_age() == settings.CLERK_SESSION_AGE == 900
    assert client.get("/desk/").status_code == 200


def test_a_citizens_card_opens_nothing(world: World) -> None:
    client = Client()
    with patch("desk.sign_in.sign_in.finish", return_value=signed_in(world.citizen)):
        assert client.get("/desk/sign-in/finish/?challenge=x").status_code == 403
    assert client.get("/desk/").status_code == 302


@pytest.mark.parametrize(
    "path", ["finish/", "finish/?challenge=x", "finish/?challenge=4c2c6f32-0000-4000-8000-000000000000"]
)
def test_a_finish_that_no_card_answered_is_refused(world: World, path: str) -> None:
    assert Client().get(f"/desk/sign-in/{path}").status_code in {400, 403}


@pytest.mark.parametrize("given", [{}, {"challenge": "x", "certificate": "!", "signature": "!"}, {"challenge": "x"}])
def test_a_forged_answer_is_refused(world: World, given: dict[str, str]) -> None:
    assert Client().post("/desk/sign-in/answer/", given).status_code in {400, 403}


def test_after_eight_hours_the_card_is_asked_again(world: World) -> None:
    client = world.client(world.clerk)
    assert client.get("/desk/").status_code == 200
    with patch("accounts.session_limit.time.time", return_value=time.time() + session_limit.CLERK.total_seconds() + 1):
        assert client.get("/desk/").status_code == 302


def test_what_was_prepared_in_the_browser_before_does_not_go_on_in_the_clerks_session(world: World) -> None:
    client = world.client(world.clerk)
    session = client.session
    session["prepared"] = "before"
    session.save()
    with patch("desk.sign_in.sign_in.finish", return_value=signed_in(world.clerk)):
        client.get("/desk/sign-in/finish/?challenge=x")
    assert "prepared" not in client.session
    assert client.get("/desk/").status_code == 200


def test_an_idle_page_asks_and_leads_out(world: World) -> None:
    client = world.client(world.clerk)
    page = client.get("/desk/").content.decode()
    assert f'data-seconds="{client.session.get_expiry_age()}"' in page and "js/idle.js" in page
    assert client.get("/desk/keep/").status_code == 204
    assert client.get("/desk/ended/").headers["Location"] == "/desk/"
    nobody = Client()
    assert nobody.get("/desk/keep/").status_code == 302
    ended = nobody.get("/desk/ended/").content.decode()
    assert "/desk/sign-in/" in ended and "js/idle.js" not in ended


def test_signing_out_ends_the_session_and_the_permissions(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    assert client.post("/desk/sign-out/").headers["Location"] == "/desk/sign-in/"
    assert dict(client.session) == {}
    assert client.get("/desk/").status_code == 302


def test_an_account_that_is_switched_off_is_out_at_once(world: World) -> None:
    client = world.client(world.clerk)
    world.clerk.is_active = False
    world.clerk.save()
    assert client.get("/desk/").status_code == 302


def test_the_language_is_switched_without_the_portals_door(world: World) -> None:
    client = world.client(world.clerk)
    client.post("/desk/language/", {"language": "en", "next": "/desk/lists/"})
    assert "Municipal desk" in client.get("/desk/").content.decode()
