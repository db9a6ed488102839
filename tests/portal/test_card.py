"""The card's page: what the holder sees, the stop, and what stays open after it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from cards import issuance, lifecycle
from cards.models import Card
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES


@pytest.fixture
def card(kenji: User, at: dt.datetime, settings: Any, tmp_path: Path) -> Card:
    settings.CARDS_DIR, settings.PKI_DIR = tmp_path / "cards", tmp_path / "pki"
    return country.give_card(kenji, at)


def test_state_certificates_and_history_in_words_and_no_serial(english: Client, kenji: User, card: Card) -> None:
    page = country.sign_in(english, kenji, card=card).get("/card/").content.decode()
    for words in ("In use", "For signing in", "For signing documents", "The card was put into use.", "Stop my card"):
        assert words in page
    for row in card.certificates.all():
        assert row.serial not in page
        assert str(int(row.serial, 16)) not in page
    assert str(card.pk) not in page


def test_the_stop_asks_first_then_holds_at_once_and_needs_no_card(english: Client, kenji: User, card: Card) -> None:
    country.sign_in(english, kenji, card=card)
    asked = english.get("/card/stop/").content.decode()
    assert "Both certificates end for good" in asked
    card.refresh_from_db()
    assert card.state == "ACTIVE"
    assert english.post("/card/stop/")["Location"] == "/card/"
    card.refresh_from_db()
    assert card.state == "SUSPENDED"
    page = english.get("/card/").content.decode()
    for words in ("Your card is stopped since", "tell the police", "You stopped the card.", "What cannot be undone"):
        assert words in page
    assert "/card/stop/" not in page
    assert english.post("/card/stop/")["Location"] == "/card/"


def test_after_the_stop_this_window_stays_and_every_other_is_closed(english: Client, kenji: User, card: Card) -> None:
    thief = country.sign_in(Client(), kenji, card=card)
    country.sign_in(english, kenji, card=card)
    assert thief.get("/records/").status_code == 200
    english.post("/card/stop/")
    assert thief.get("/records/").status_code == 302
    assert english.get("/records/").status_code == 200
    assert "Hanako Yamada" in english.get("/card/").content.decode()


def test_a_session_that_read_no_card_shows_none_and_stops_none(english: Client, kenji: User, card: Card) -> None:
    country.sign_in(english, kenji)
    assert "cannot be shown in this window" in english.get("/card/").content.decode()
    assert english.post("/card/stop/")["Location"] == "/card/"
    card.refresh_from_db()
    assert card.state == "ACTIVE"


def test_the_card_of_another_person_in_the_vault_opens_nothing(english: Client, hanako: User, card: Card) -> None:
    country.sign_in(english, hanako, card=card)
    assert "cannot be shown in this window" in english.get("/card/").content.decode()
    english.post("/card/stop/")
    card.refresh_from_db()
    assert card.state == "ACTIVE"


def test_the_portals_database_keeps_no_trace_of_the_card(english: Client, kenji: User, card: Card) -> None:
    country.sign_in(english, kenji, card=card).get("/card/")
    assert str(card.pk) not in str(dict(english.session))
    assert str(card.resident_id) not in str(dict(english.session))


def test_the_history_tells_who_did_what(english: Client, kenji: User, card: Card, at: dt.datetime) -> None:
    country.sign_in(english, kenji, card=card)
    lifecycle.suspend(card=card, at=at + dt.timedelta(minutes=1), by="clerk")
    lifecycle.lift(card=card, at=at + dt.timedelta(minutes=2), by="clerk")
    issuance.renew_certificates(card=card, at=at + dt.timedelta(minutes=3), by="clerk")
    sentences = [str(line.sentence) for line in english.get("/card/").context["history"]]
    assert sentences[:3] == [
        "New certificates were written on the card.",
        "The stop was lifted at the counter. The certificates stayed without effect.",
        "The card was stopped at the counter, as you wished.",
    ]


def test_the_sign_in_history_leads_to_the_stop(english: Client, kenji: User) -> None:
    assert 'href="/card/stop/"' in country.sign_in(english, kenji).get("/activity/").content.decode()


def test_nobody_and_no_clerk_has_this_page(client: Client, clerk: User) -> None:
    for path in ("/card/", "/card/stop/", "/confirm/"):
        assert client.get(path)["Location"].startswith("/sign-in/")
        assert country.sign_in(Client(), clerk).get(path).status_code == 403
