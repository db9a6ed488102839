"""Whose card was read, and the whole way in through the portal's own pages with a real chip."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from django.test import Client
from django.utils import timezone

from cards.models import Card, Challenge
from cards.reader.protocol import signed_message
from crossings import holder
from tests.cards.chips import PIN
from tests.cards.people import NOW, in_use, places, terminal  # noqa: F401
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]
ORIGIN = "https://portal.example"


@pytest.fixture(autouse=True)
def _as_in_the_story(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PORTAL_ORIGIN = ORIGIN
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def read_by_the_reader(card: Card, page: str) -> dict[str, str]:
    """What the reader's page posts, from the form that the portal's page gave it."""
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.split('/sign"')[1]))
    text = signed_message(origin=ORIGIN, purpose=form["purpose"], session=form["session"], nonce=form["nonce"])
    chip = terminal(card)
    signature = chip.sign(pin=PIN, digest=hashlib.sha256(text).digest())
    return {
        "challenge": form["challenge"],
        "certificate": base64.b64encode(chip.certificate()).decode(),
        "signature": base64.b64encode(signature).decode(),
    }


def test_a_card_opens_the_portal_under_its_holders_name() -> None:
    card = in_use()
    browser, reader = Client(headers={"accept-language": "ja"}), Client()
    posted = read_by_the_reader(card, browser.get("/sign-in/").content.decode())
    to_finish = reader.post("/sign-in/answer/", posted)["Location"]
    assert browser.get(to_finish)["Location"] == "/"
    assert card.resident.current.full_name in browser.get("/about/").content.decode()
    assert reader.get(to_finish)["Location"].startswith("/sign-in/refused/")


def test_the_holder_is_named_as_the_register_has_it() -> None:
    card = in_use()
    browser = Client()
    posted = read_by_the_reader(card, browser.get("/sign-in/").content.decode())
    Client().post("/sign-in/answer/", posted)
    entry = card.resident.current
    found = holder.of_challenge(posted["challenge"])
    assert found.name == entry.full_name
    assert found.latin_name == entry.latin_name
    assert found.certificate_until == Challenge.objects.get(pk=posted["challenge"]).certificate.not_after
    assert entry.full_name not in repr(found)
