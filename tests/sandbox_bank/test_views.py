"""The hosted page: it shows the order, tells the merchant what was pressed, and can be pressed again."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from payments.providers.base import Order
from payments.providers.sandbox import PAGE, SandboxBank
from sandbox_bank import events, urls, views
from tests.mailing import MINUTE
from tests.support import DATABASES

pytestmark = DATABASES


def raw(**changes: Any) -> str:
    fields = {
        "token": "T" * 43,
        "amount": 18_500,
        "payee": "<b>調布市</b>",
        "return_url": "/payments/x/return/",
        "notify_url": "http://127.0.0.1:9/",
        "valid_until": timezone.now() + 30 * MINUTE,
    }
    return SandboxBank().page_for(Order(**(fields | changes))).partition("?order=")[2]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(views.events, "send", lambda order, result, *, at: sent.append(result))
    return sent


def test_the_page_shows_the_order_and_two_buttons(client: Client) -> None:
    page = client.get(PAGE, {"order": raw()}, headers={"Accept-Language": "en"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "18,500 yen" in text
    assert "&lt;b&gt;調布市&lt;/b&gt;" in text
    assert text.count("<button") == 2
    assert "no real money" in text
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize(("decision", "result"), [("confirm", events.SUCCEEDED), ("cancel", events.FAILED)])
def test_a_decision_is_told_and_the_browser_sent_back(
    client: Client, told: list[str], decision: str, result: str
) -> None:
    answer = client.post(PAGE, {"order": raw(), "decision": decision})
    assert (answer.status_code, answer["Location"]) == (303, "/payments/x/return/")
    assert told == [result]


def test_looking_tells_nothing(client: Client, told: list[str]) -> None:
    client.get(PAGE, {"order": raw(), "decision": "confirm"})
    client.post(PAGE, {"order": raw(), "decision": "maybe"})
    assert told == []


@pytest.mark.parametrize("order", ["", "x", "x.y"])
def test_an_order_of_nobody_is_refused(client: Client, told: list[str], order: str) -> None:
    assert client.get(PAGE, {"order": order}).status_code == 400
    assert client.post(PAGE, {"order": order, "decision": "confirm"}).status_code == 400
    assert told == []


def test_an_old_order_is_refused_with_a_way_back(client: Client, told: list[str]) -> None:
    old = raw(valid_until=timezone.now() - MINUTE)
    answer = client.post(PAGE, {"order": old, "decision": "confirm"})
    assert answer.status_code == 410
    assert "/payments/x/return/" in answer.content.decode()
    assert told == []


def test_a_portal_that_cannot_be_reached_can_be_tried_again(client: Client) -> None:
    answer = client.post(PAGE, {"order": raw(), "decision": "confirm"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 502
    text = answer.content.decode()
    assert "We could not reach the portal" in text
    assert 'name="decision" value="confirm"' in text


def test_a_portal_that_refuses_is_said_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise events.NotTaken

    monkeypatch.setattr(views.events, "send", refuse)
    assert client.post(PAGE, {"order": raw(), "decision": "confirm"}).status_code == 409


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "ftp://127.0.0.1/", "/relative"])
def test_events_go_over_http_only(client: Client, address: str) -> None:
    assert client.post(PAGE, {"order": raw(notify_url=address), "decision": "confirm"}).status_code == 409


def test_a_decision_needs_the_forms_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(PAGE, {"order": raw(), "decision": "confirm"}).status_code == 403


def test_the_door_is_walled_up_in_production() -> None:
    try:
        with override_settings(PRODUCTION=True):
            assert importlib.reload(urls).urlpatterns == []
    finally:
        assert len(importlib.reload(urls).urlpatterns) == 1
