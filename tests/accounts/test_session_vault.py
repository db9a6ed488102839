"""Values sealed in the session: only the browser that has the key, in the session of the same account, opens them."""

from __future__ import annotations

import base64

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse

from accounts import session_vault
from tests.support import DATABASES

pytestmark = DATABASES
VALUE = {"name": "山田　花子", "amount": 3_120_000, "list": [None, True]}


def request_with(cookie: str = "", session: SessionStore | None = None) -> HttpRequest:
    request = HttpRequest()
    request.session = session if session is not None else SessionStore()
    request.session.setdefault(SESSION_KEY, "one")
    if cookie:
        request.COOKIES[session_vault.COOKIE] = cookie
    return request


@pytest.fixture
def filled() -> HttpRequest:
    request = request_with()
    session_vault.begin(request)
    session_vault.write(request, "answers", VALUE)
    return request


def test_a_value_comes_back_in_the_next_request(filled: HttpRequest) -> None:
    later = request_with(session_vault.cookie_value(filled), filled.session)
    assert session_vault.read(later, "answers") == VALUE


def test_what_lies_in_the_session_says_nothing(filled: HttpRequest) -> None:
    lying = base64.b64decode(filled.session["vault"]["answers"])
    assert "山田".encode() not in lying
    assert b"3120000" not in lying


@pytest.mark.parametrize("cookie", ["", "short", "A" * 43 + "=", "?" * 44, "ｋ" * 44])
def test_without_the_key_there_is_nothing(filled: HttpRequest, cookie: str) -> None:
    assert session_vault.read(request_with(cookie, filled.session), "answers") is None


def test_a_value_moved_to_another_name_or_account_does_not_open(filled: HttpRequest) -> None:
    filled.session["vault"]["name"] = filled.session["vault"]["answers"]
    assert session_vault.read(filled, "name") is None
    filled.session[SESSION_KEY] = "another"
    assert session_vault.read(filled, "answers") is None


def test_nothing_is_kept_without_a_key() -> None:
    request = request_with()
    session_vault.write(request, "answers", VALUE)
    assert "vault" not in request.session


def test_erased_is_erased(filled: HttpRequest) -> None:
    key = session_vault.cookie_value(filled)
    session_vault.erase(filled)
    assert session_vault.read(filled, "answers") is None
    assert session_vault.read(request_with(key, filled.session), "answers") is None


def test_a_new_session_begins_empty(filled: HttpRequest) -> None:
    old = session_vault.cookie_value(filled)
    session_vault.begin(filled)
    assert session_vault.read(filled, "answers") is None
    assert session_vault.cookie_value(filled) != old


def passed(request: HttpRequest) -> HttpResponse:
    return session_vault.VaultMiddleware(lambda _: HttpResponse())(request)


def test_the_key_lives_as_long_as_the_session(filled: HttpRequest) -> None:
    filled.session.set_expiry(60)
    cookie = passed(filled).cookies[session_vault.COOKIE]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (60, True, "Lax")


def test_the_key_goes_when_the_session_is_over(filled: HttpRequest) -> None:
    ended = HttpRequest()
    ended.session = SessionStore()
    ended.COOKIES[session_vault.COOKIE] = session_vault.cookie_value(filled)
    assert passed(ended).cookies[session_vault.COOKIE]["max-age"] == 0


def test_who_has_no_key_gets_no_cookie() -> None:
    request = HttpRequest()
    request.session = SessionStore()
    assert passed(request).cookies == {}
    assert request.session.accessed is False
