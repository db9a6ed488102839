"""So many requests in a minute, counted for each agency by itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from tests.api.sides import Country, record_count
from tests.support import DATABASES

pytestmark = DATABASES

PATH = "/api/v1/codes/collect"


@pytest.fixture
def three_a_minute(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    monkeypatch.setattr("api.throttling.time.time", lambda: 1_800_000_010.0)


@pytest.mark.usefixtures("three_a_minute")
def test_the_fourth_request_must_wait(country: Country) -> None:
    token = country.chofu.token()
    assert [country.chofu.post(PATH, {}, token=token).status for _ in range(3)] == [200, 200, 200]
    answer = country.chofu.post("/api/v1/inquiries", country.inquiry(), token=token)
    assert (answer.status, answer.kind) == (429, "too-many-requests")
    assert answer.headers["Retry-After"] == "50"
    assert record_count() == 0


@pytest.mark.usefixtures("three_a_minute")
def test_another_agency_is_not_touched(country: Country) -> None:
    chofu, mitaka = country.chofu.token(), country.mitaka.token()
    for _ in range(4):
        country.chofu.post(PATH, {}, token=chofu)
    assert country.mitaka.post(PATH, {}, token=mitaka).status == 200


@pytest.mark.usefixtures("three_a_minute")
def test_the_next_minute_begins_anew(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    token = country.chofu.token()
    assert [country.chofu.post(PATH, {}, token=token).status for _ in range(4)][-1] == 429
    monkeypatch.setattr("api.throttling.time.time", lambda: 1_800_000_061.0)
    assert country.chofu.post(PATH, {}, token=token).status == 200


@pytest.mark.usefixtures("three_a_minute")
def test_guessing_at_the_token_address_is_slowed_too(country: Country) -> None:
    answers = [country.chofu.ask_token(client_assertion="a.b.c") for _ in range(4)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_cache_that_is_down_closes_nothing(
    country: Country, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("redis://user:password@host")

    monkeypatch.setattr(cache, "add", fail)
    assert country.chofu.post(PATH, {}).status == 200
    assert "the request counter does not answer: ConnectionError" in caplog.text
    assert "password" not in caplog.text
