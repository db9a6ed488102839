"""Settings: the language, and hints to an address that is kept sealed and only as long as it is wanted."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import contact
from accounts.models import SignIn, User
from crossings import sign_in as crossing
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES
ON = {"language": "en", "hints": "on", "email": "kenji@example.jp"}
CHALLENGE = "7b0e5d0a-4a1c-4d0e-8a52-0d7a4f6a9a11"


class Card:
    """Stands in for the crossing: challenges one after the other, and one answer of one person."""

    def __init__(self) -> None:
        self.asked = 0
        self.refusal: crossing.CardNotAccepted | None = None
        self.finished: list[dict[str, object]] = []

    def start(self, *, session_key: str, purpose: str, at: object) -> crossing.Started:
        assert purpose == "confirm"
        self.asked += 1
        return crossing.Started(f"{CHALLENGE[:-1]}{self.asked}", "bm9uY2U", "0" * 64, purpose)

    def finish(self, **given: object) -> None:
        self.finished.append(given)
        if self.refusal:
            raise self.refusal


@pytest.fixture(autouse=True)
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    stand_in = Card()
    monkeypatch.setattr(crossing, "start", stand_in.start)
    monkeypatch.setattr(crossing, "finish", stand_in.finish)
    return stand_in


def confirmed(browser: Client, wish: dict[str, str]) -> HttpResponse:
    """Post the wish, open the page that asks for the card, and come back with the card's answer."""
    assert browser.post("/settings/", wish)["Location"] == "/confirm/"
    challenge = browser.get("/confirm/").context["started"].challenge
    return browser.get("/confirm/finish/", {"challenge": challenge})


def test_hints_are_switched_on_and_off(english: Client, kenji: User) -> None:
    country.sign_in(english, kenji)
    assert confirmed(english, ON)["Location"] == "/settings/"
    kenji.refresh_from_db()
    assert contact.email_of(kenji) == "kenji@example.jp"
    page = english.get("/settings/").content.decode()
    assert 'value="kenji@example.jp"' in page
    assert "Your settings have been saved." in page
    confirmed(english, {"language": "en", "email": "kenji@example.jp"})
    kenji.refresh_from_db()
    assert kenji.email_sealed is None


def test_without_the_card_the_address_stays_and_the_wish_is_not_in_clear(english: Client, kenji: User) -> None:
    country.sign_in(english, kenji)
    english.post("/settings/", ON)
    assert "kenji@example.jp" not in str(dict(english.session))
    kenji.refresh_from_db()
    assert kenji.email_sealed is None


def test_the_card_is_asked_for_this_account_and_this_purpose(english: Client, kenji: User, card: Card) -> None:
    country.sign_in(english, kenji)
    confirmed(english, ON)
    (given,) = card.finished
    assert (given["purpose"], given["expected"]) == ("confirm", kenji)
    assert given["session_key"] == english.cookies["session"].value


def test_the_card_of_another_person_changes_nothing_and_is_told_so(english: Client, kenji: User, card: Card) -> None:
    country.sign_in(english, kenji)
    card.refusal = crossing.OtherPerson()
    answer = confirmed(english, ON)
    assert answer["Location"] == "/confirm/refused/other-person/"
    page = english.get(answer["Location"])
    assert page.status_code == 403
    for words in ("another person&#x27;s card", "Nothing has been changed", "Put your own card", "Ask the card once"):
        assert words in page.content.decode()
    kenji.refresh_from_db()
    assert kenji.email_sealed is None


def test_an_answer_confirms_only_the_wish_that_it_was_asked_for(english: Client, kenji: User, card: Card) -> None:
    country.sign_in(english, kenji)
    english.post("/settings/", ON)
    first = english.get("/confirm/").context["started"].challenge
    english.post("/settings/", ON | {"email": "thief@example.jp"})
    for challenge in (first, "", "x", CHALLENGE):
        answer = english.get("/confirm/finish/", {"challenge": challenge})
        assert answer["Location"] == "/confirm/refused/other-session/"
    assert card.finished == []
    kenji.refresh_from_db()
    assert kenji.email_sealed is None


def test_a_confirmed_wish_is_not_carried_out_twice(english: Client, kenji: User) -> None:
    country.sign_in(english, kenji)
    confirmed(english, ON)
    assert english.get("/confirm/")["Location"] == "/"
    again = english.get("/confirm/finish/", {"challenge": f"{CHALLENGE[:-1]}1"})
    assert again["Location"] == "/confirm/refused/other-session/"


def test_the_language_alone_needs_no_card(english: Client, kenji: User, card: Card) -> None:
    country.sign_in(english, kenji)
    assert english.post("/settings/", {"language": "en"})["Location"] == "/settings/"
    assert card.asked == 0


def test_the_address_is_sealed_at_rest(english: Client, kenji: User) -> None:
    confirmed(country.sign_in(english, kenji), ON)
    kenji.refresh_from_db()
    assert b"kenji" not in bytes(kenji.email_sealed)


@pytest.mark.parametrize(
    "wrong,words",
    [
        ({"email": ""}, "Write the address that the hints should go to"),
        ({"email": "kenji"}, "This does not look like an e-mail address"),
        ({"language": "xx"}, "Nothing has been saved yet"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(
    english: Client, kenji: User, wrong: dict[str, str], words: str
) -> None:
    answer = country.sign_in(english, kenji).post("/settings/", ON | wrong)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    kenji.refresh_from_db()
    assert (kenji.email_sealed, kenji.language) == (None, "ja")


def test_the_language_of_the_settings_is_the_language_of_the_pages(kenji: User) -> None:
    browser = country.sign_in(Client(headers={"accept-language": "ja"}), kenji)
    browser.post("/settings/", {"language": "en"})
    assert '<html lang="en">' in browser.get("/settings/").content.decode()


def test_the_header_changes_the_language_for_anybody(client: Client, db: None) -> None:
    assert '<html lang="ja">' in client.get("/about/", headers={"accept-language": "de"}).content.decode()
    answer = client.post("/language/", {"language": "en", "next": "/about/"})
    assert answer["Location"] == "/about/"
    assert '<html lang="en">' in client.get("/about/", headers={"accept-language": "ja"}).content.decode()


def test_the_header_changes_the_language_of_a_persons_hints(client: Client, kenji: User) -> None:
    country.sign_in(client, kenji).post("/language/", {"language": "en", "next": "/"})
    kenji.refresh_from_db()
    assert kenji.language == "en"
    client.post("/language/", {"language": "xx", "next": "/"})
    kenji.refresh_from_db()
    assert kenji.language == "en"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example"])
def test_the_language_switch_leads_nowhere_else(client: Client, db: None, elsewhere: str) -> None:
    assert "evil" not in client.post("/language/", {"language": "en", "next": elsewhere})["Location"]


def test_the_history_shows_ones_own_sign_ins_only(english: Client, hanako: User, kenji: User) -> None:
    page = country.sign_in(english, kenji).get("/activity/").content.decode()
    assert "There is no sign-in yet" in page
    page = country.sign_in(english, hanako).get("/activity/").content.decode()
    assert page.count('data-label="When"') == SignIn.objects.filter(user=hanako).count() == 2


def test_more_sign_ins_cost_no_more_queries(english: Client, hanako: User, queries: object) -> None:
    country.sign_in(english, hanako)
    two = queries(lambda: english.get("/activity/"))
    first = SignIn.objects.first()
    for _ in range(3):
        SignIn.objects.create(user=hanako, at=first.at, purpose="sign-in", result="REFUSED")
    assert queries(lambda: english.get("/activity/")) == two
