"""Settings: the language, and hints to an address that is kept sealed and only as long as it is wanted."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import contact
from accounts.models import SignIn, User
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES
ON = {"language": "en", "hints": "on", "email": "kenji@example.jp"}


def test_hints_are_switched_on_and_off(english: Client, kenji: User) -> None:
    country.sign_in(english, kenji)
    assert english.post("/settings/", ON)["Location"] == "/settings/"
    kenji.refresh_from_db()
    assert contact.email_of(kenji) == "kenji@example.jp"
    page = english.get("/settings/").content.decode()
    assert 'value="kenji@example.jp"' in page
    assert "Your settings have been saved." in page
    english.post("/settings/", {"language": "en", "email": "kenji@example.jp"})
    kenji.refresh_from_db()
    assert kenji.email_sealed is None


def test_the_address_is_sealed_at_rest(english: Client, kenji: User) -> None:
    country.sign_in(english, kenji).post("/settings/", ON)
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
