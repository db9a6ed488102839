"""Who may open which page: the owner, another citizen, a clerk, nobody; what pages say to caches and browsers."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.test import Client

from accounts.models import User
from notifications.models import Message
from payments.models import Charge
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES

PRIVATE = ["/information/", "/records/", "/activity/", "/settings/", "/mailbox/", "/payments/"]
OPEN = [
    "/", "/sign-in/", "/signed-out/", "/session-ended/", "/about/", "/accessibility/", "/trust/", "/statistics/",
]  # fmt: skip
POSTS = ["/information/", "/settings/", "/sign-out/", "/language/"]


@pytest.mark.parametrize("path", [*PRIVATE, "/"])
def test_the_owner_opens_the_page_and_no_cache_keeps_it(english: Client, kenji: User, path: str) -> None:
    answer = country.sign_in(english, kenji).get(path)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store, private")


@pytest.mark.parametrize("path", PRIVATE)
def test_nobody_is_sent_to_sign_in_and_back(client: Client, db: None, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={path}")


@pytest.mark.parametrize("path", [*PRIVATE, "/"])
def test_a_clerk_is_told_to_use_the_desk(english: Client, clerk: User, path: str) -> None:
    answer = country.sign_in(english, clerk).get(path)
    assert answer.status_code == 403
    assert "You are signed in as a clerk" in answer.content.decode()


@pytest.mark.parametrize("path", OPEN)
def test_everybody_opens_the_public_pages(client: Client, agencies: None, path: str) -> None:
    assert client.get(path).status_code == 200


def test_an_account_that_was_closed_is_nobody(english: Client, kenji: User) -> None:
    country.sign_in(english, kenji)
    User.objects.filter(pk=kenji.pk).update(is_active=False)
    assert english.get("/records/").status_code == 302


def test_what_belongs_to_another_is_like_what_does_not_exist(
    english: Client, hanako: User, kenji: User, at: dt.datetime
) -> None:
    country.sign_in(english, kenji)
    theirs = [
        f"/records/{country.ask(hanako, at)}/",
        f"/mailbox/{Message.objects.of(hanako).first().pk}/",
        f"/payments/{Charge.objects.of(hanako).first().pk}/",
    ]
    invented = [f"{path.rsplit('/', 2)[0]}/{uuid.uuid4()}/" for path in theirs]
    pages = [[english.get(path) for path in paths] for paths in (theirs, invented)]
    assert [page.status_code for page in pages[0] + pages[1]] == [404] * 6
    without_address = [
        [_without_tokens(page.content.decode(), path) for page, path in zip(group, paths, strict=True)]
        for group, paths in zip(pages, (theirs, invented), strict=True)
    ]
    assert without_address[0] == without_address[1]


@pytest.mark.parametrize("path", [*PRIVATE, *OPEN])
def test_the_policy_forbids_what_is_not_ours(english: Client, kenji: User, path: str) -> None:
    answer = country.sign_in(english, kenji).get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["frame-ancestors"]) == ("'self'", "'self'", "'none'")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PRIVATE, *OPEN])
def test_no_page_has_inline_style_or_script(english: Client, kenji: User, path: str) -> None:
    page = country.sign_in(english, kenji).get(path).content.decode()
    assert "<style" not in page and " style=" not in page and "javascript:" not in page and " onclick" not in page
    assert page.count("<script") == page.count("<script src=")


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_token_does_nothing(kenji: User, path: str) -> None:
    browser = country.sign_in(Client(enforce_csrf_checks=True, headers={"accept-language": "en"}), kenji)
    answer = browser.post(path, {"language": "en"})
    assert answer.status_code == 403
    assert "Please send the form once more" in answer.content.decode()
    assert browser.get("/records/").status_code == 200


@pytest.mark.parametrize("path", ["/sign-out/", "/session/keep/", "/records/", "/"])
def test_other_methods_are_refused(english: Client, kenji: User, path: str) -> None:
    country.sign_in(english, kenji)
    wrong = english.get if path == "/sign-out/" else english.put
    assert wrong(path).status_code == 405


def test_a_signed_in_page_names_the_person_and_the_way_out(english: Client, kenji: User) -> None:
    page = country.sign_in(english, kenji, name="kenji").get("/about/").content.decode()
    assert "Kenji Sato" in page
    assert 'action="/sign-out/"' in page


def _without_tokens(page: str, path: str) -> str:
    """The page without its address and without the values that differ each time."""
    lines = page.replace(path, "").splitlines()
    return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)
