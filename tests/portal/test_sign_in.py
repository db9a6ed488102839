"""Signing in and out: the challenge goes out, the answer comes back, and the session is new, bound and erasable."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import uuid
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import session_vault
from accounts.models import User
from crossings import holder
from crossings import sign_in as crossing
from portal import refusals
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES
CHALLENGE = uuid.UUID("7b0e5d0a-4a1c-4d0e-8a52-0d7a4f6a9a11")


class Card:
    """Stands in for the crossing: what it was asked, and what it answers."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.refusal: crossing.CardNotAccepted | None = None
        self.session_key = ""
        self.answered: dict[str, Any] = {}

    def start(self, *, session_key: str, purpose: str, at: dt.datetime) -> crossing.Started:
        self.session_key = session_key
        return crossing.Started(str(CHALLENGE), "bm9uY2U", hashlib.sha256(session_key.encode()).hexdigest(), purpose)

    def answer(self, **given: Any) -> None:
        if self.refusal:
            raise self.refusal
        self.answered = given

    def finish(self, *, challenge_id: uuid.UUID, session_key: str, purpose: str, at: dt.datetime) -> crossing.SignedIn:
        if (session_key, purpose) != (self.session_key, "sign-in"):
            raise crossing.CardNotAccepted
        return crossing.SignedIn(self.user, country.KNOWING)


@pytest.fixture
def card(kenji: User, monkeypatch: pytest.MonkeyPatch) -> Card:
    stand_in = Card(kenji)
    for act in ("start", "answer", "finish"):
        monkeypatch.setattr(crossing, act, getattr(stand_in, act))
    until = timezone.now() + dt.timedelta(days=1000)
    monkeypatch.setattr(holder, "of_challenge", lambda _: holder.Holder("佐藤　健司", "Kenji Sato", until))
    return stand_in


def finish(browser: Client) -> Any:
    return browser.get(f"/sign-in/finish/?challenge={CHALLENGE}")


def signed_in(browser: Client, address: str = "/sign-in/") -> Client:
    browser.get(address)
    assert finish(browser).status_code == 302
    return browser


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_the_page_hands_the_challenge_to_the_reader_and_names_its_origin(english: Client, card: Card) -> None:
    answer = english.get("/sign-in/")
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.content.decode().split('/sign"')[1]))
    assert fields == {
        "challenge": str(CHALLENGE),
        "nonce": "bm9uY2U",
        "session": hashlib.sha256(english.cookies["session"].value.encode()).hexdigest(),
        "purpose": "sign-in",
        "return_to": "/sign-in/answer/",
        "language": "en",
        "pairing": "",
    }
    assert 'action="http://127.0.0.1:8002/sign"' in answer.content.decode()
    assert answer["Referrer-Policy"] == "origin"
    assert "no-store" in answer["Cache-Control"]


def test_the_form_to_the_reader_carries_no_token_of_ours(english: Client, card: Card) -> None:
    form = english.get("/sign-in/").content.decode().split('/sign"')[1].split("</form>")[0]
    assert "csrf" not in form


def test_the_answer_needs_neither_cookie_nor_token(card: Card) -> None:
    reader = Client(enforce_csrf_checks=True)
    posted = {"challenge": str(CHALLENGE), "certificate": b64(b"der"), "signature": b64(b"sig")}
    answer = reader.post("/sign-in/answer/", posted)
    assert (answer.status_code, answer["Location"]) == (303, f"/sign-in/finish/?challenge={CHALLENGE}")
    assert card.answered["certificate_der"] == b"der"
    assert "session" not in answer.cookies


def test_the_token_of_the_browsers_reader_is_kept_and_sent_along(english: Client, card: Card) -> None:
    posted = {"challenge": str(CHALLENGE), "certificate": b64(b"der"), "signature": b64(b"sig"), "pairing": "t" * 43}
    cookie = english.post("/sign-in/answer/", posted).cookies["reader"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("t" * 43, True, "Lax")
    assert f'name="pairing" value="{"t" * 43}"' in english.get("/sign-in/").content.decode()
    signed_in(english)
    assert english.cookies["reader"].value == "t" * 43


def test_nobody_without_a_card_plants_a_token(english: Client, card: Card) -> None:
    posted = {"challenge": str(CHALLENGE), "certificate": b64(b"der"), "signature": b64(b"sig")}
    for pairing in ("", "t" * 42, "t" * 42 + '"', "t" * 44):
        assert "reader" not in english.post("/sign-in/answer/", {**posted, "pairing": pairing}).cookies
    card.refusal = crossing.CardNotAccepted()
    assert "reader" not in english.post("/sign-in/answer/", {**posted, "pairing": "t" * 43}).cookies


def test_the_token_of_the_reader_that_was_started_beside_the_portal_comes_first(
    english: Client, card: Card, settings: Any
) -> None:
    settings.READER_PAIRING = "d" * 43
    for kept in ("", '"><script>', "t" * 43):
        english.cookies["reader"] = kept
        assert f'name="pairing" value="{"d" * 43}"' in english.get("/sign-in/").content.decode()
    settings.READER_PAIRING = ""
    english.cookies["reader"] = '"><script>'
    assert 'name="pairing" value=""' in english.get("/sign-in/").content.decode()


@pytest.mark.parametrize(
    "field,value",
    [("challenge", ""), ("challenge", "x"), ("certificate", "***"), ("signature", "a"), ("certificate", "\ud7ff")],
)
def test_a_malformed_answer_is_told_as_such(client: Client, card: Card, field: str, value: str) -> None:
    posted = {"challenge": str(CHALLENGE), "certificate": b64(b"der"), "signature": b64(b"sig"), field: value}
    assert client.post("/sign-in/answer/", posted)["Location"] == "/sign-in/refused/unreadable/"


def test_each_refusal_has_its_own_page_that_says_what_to_do(english: Client, card: Card) -> None:
    for kind in _kinds(crossing.CardNotAccepted):
        card.refusal = kind()
        posted = {"challenge": str(CHALLENGE), "certificate": b64(b"der"), "signature": b64(b"sig")}
        address = english.post("/sign-in/answer/", posted)["Location"]
        assert address != "/sign-in/refused/card-not-accepted/", kind
        page = english.get(address)
        assert page.status_code == 403
        assert "What to do now" in page.content.decode()


def test_a_refusal_of_no_known_kind_has_a_page_too() -> None:
    assert refusals.reason_of(crossing.CardNotAccepted()) == refusals.UNKNOWN


def test_an_invented_refusal_does_not_exist(client: Client, db: None) -> None:
    assert client.get("/sign-in/refused/because/").status_code == 404


def test_signing_in_opens_the_home_page_under_the_holders_name(english: Client, card: Card) -> None:
    page = signed_in(english).get("/")
    assert page.status_code == 200
    assert "Kenji Sato" in page.content.decode()


def test_the_session_of_before_does_not_outlive_the_sign_in(english: Client, card: Card) -> None:
    english.get("/sign-in/")
    before = english.cookies["session"].value
    session = english.session
    session["planted"] = "by somebody else"
    session.save()
    finish(english)
    assert english.cookies["session"].value != before
    assert "planted" not in english.session
    assert not Session.objects.filter(pk=before).exists()
    fixed = Client()
    fixed.cookies["session"] = before
    assert fixed.get("/records/").status_code == 302


def test_another_browser_cannot_finish_what_it_did_not_start(english: Client, card: Card) -> None:
    english.get("/sign-in/")
    stranger = Client()
    assert finish(stranger)["Location"] == "/sign-in/refused/other-session/"
    stranger.get("/about/")
    session = stranger.session
    session.save()
    stranger.cookies["session"] = session.session_key
    assert finish(stranger)["Location"] == "/sign-in/refused/card-not-accepted/"
    assert stranger.get("/records/").status_code == 302


@pytest.mark.parametrize("challenge", ["", "x", "'"])
def test_finishing_nothing_is_refused(english: Client, card: Card, challenge: str) -> None:
    english.get("/sign-in/")
    answer = english.get("/sign-in/finish/", {"challenge": challenge})
    assert answer["Location"] == "/sign-in/refused/other-session/"


@pytest.mark.parametrize(
    "after,leads_to",
    [
        ("/records/", "/records/"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_only_own_pages_open(english: Client, card: Card, after: str, leads_to: str) -> None:
    english.get("/sign-in/", {"next": after})
    assert finish(english)["Location"] == leads_to


def test_a_shared_terminal_is_signed_out_after_a_minute(english: Client, card: Card) -> None:
    signed_in(english, "/sign-in/?shared=1")
    page = english.get("/")
    assert page.cookies["session"]["max-age"] == 60
    assert page.cookies[session_vault.COOKIE]["max-age"] == 60
    assert 'data-seconds="60"' in page.content.decode()


def test_an_own_device_is_signed_out_after_an_hour_without_use(english: Client, card: Card) -> None:
    page = signed_in(english, "/sign-in/").get("/")
    assert page.cookies["session"]["max-age"] == 3600
    english.get("/session/keep/")
    Session.objects.update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    assert english.get("/records/")["Location"] == "/sign-in/?next=/records/"


def test_a_shared_terminal_can_be_taken_back(english: Client, card: Card) -> None:
    assert "Shared terminal: on" in english.get("/sign-in/?shared=1").content.decode()
    assert "Shared terminal: on" not in english.get("/sign-in/?shared=0").content.decode()


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(english: Client, card: Card) -> None:
    english.get("/sign-in/")
    cookies = finish(english).cookies
    for name in ("session", session_vault.COOKIE):
        assert cookies[name]["httponly"] is True
        assert cookies[name]["samesite"] == "Lax"


def test_signing_out_ends_the_session_and_erases_the_vault(english: Client, card: Card) -> None:
    signed_in(english)
    session_key, key = english.cookies["session"].value, english.cookies[session_vault.COOKIE].value
    answer = english.post("/sign-out/")
    assert answer["Location"] == "/signed-out/"
    assert answer.cookies[session_vault.COOKIE].value == ""
    assert not Session.objects.filter(pk=session_key).exists()
    again = Client()
    again.cookies["session"], again.cookies[session_vault.COOKIE] = session_key, key
    assert again.get("/information/").status_code == 302


def test_somebody_signed_in_needs_no_sign_in_page(english: Client, card: Card) -> None:
    signed_in(english)
    for path in ("/sign-in/", "/signed-out/", "/session-ended/"):
        assert english.get(path)["Location"] == "/"
    assert english.get("/records/").status_code == 200


def test_nobody_can_keep_a_session(client: Client, db: None) -> None:
    assert client.get("/session/keep/").status_code == 302


def test_somebody_can(english: Client, card: Card) -> None:
    assert signed_in(english).get("/session/keep/").status_code == 204


def _kinds(kind: type[crossing.CardNotAccepted]) -> list[type[crossing.CardNotAccepted]]:
    return [found for child in kind.__subclasses__() for found in [child, *_kinds(child)]]
