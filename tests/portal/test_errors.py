"""The pages for what went wrong, also where little of the house stands."""

from __future__ import annotations

import psycopg2
import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.http import HttpRequest
from django.test import Client, override_settings
from django.utils import translation

from databases import ALIASES
from portal.views import errors
from tests.support import DATABASES


def test_the_page_for_our_own_failure_needs_nothing(db_is_gone: HttpRequest) -> None:
    with translation.override("en"):
        answer = errors.server_error(db_is_gone)
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The service is away for the moment"), ("ja", "ただいま一時的にご利用いただけません")],
)
def test_while_no_database_can_be_reached_every_page_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    def gone(*args: object, **facts: object) -> None:
        raise OperationalError("connection to server at db.secret failed") from psycopg2.OperationalError()

    for alias in ALIASES:
        monkeypatch.setattr(connections[alias], "cursor", gone)
    client.raise_request_exception = False
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    for path in ("/", "/mailbox/", "/desk/", "/no/such/page/"):
        answer = client.get(path, headers={"accept-language": language})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10"), path
        assert answer.headers["Content-Language"] == language
        page = answer.content.decode()
        assert words in page and f'<html lang="{language}">' in page and "secret" not in page


@pytest.fixture
def db_is_gone() -> HttpRequest:
    """A request whose account and session cannot be read: no database may be used here at all."""
    return HttpRequest()


@pytest.mark.parametrize("language,words", [("en", "There is no such page"), ("ja", "</html>")])
def test_an_unknown_address_says_what_to_do(client: Client, db: None, language: str, words: str) -> None:
    answer = client.get("/no/such/page/", headers={"accept-language": language})
    assert answer.status_code == 404
    assert words in answer.content.decode()
    assert f'<html lang="{language}">' in answer.content.decode()


@DATABASES
@override_settings(MYNA_DOORS=["api"])
def test_a_process_without_the_portals_door_shows_its_errors_without_the_portals_links(client: Client) -> None:
    page = client.get("/no/such/page/").content.decode()
    assert "/about/" not in page
    assert "</html>" in page


def test_a_malformed_request_gets_its_page(client: Client, db: None) -> None:
    answer = errors.bad_request(client.get("/about/").wsgi_request)
    assert answer.status_code == 400


def test_a_forbidden_page_gets_its_page(client: Client, db: None) -> None:
    assert errors.forbidden(client.get("/about/").wsgi_request).status_code == 403
