"""The page for people: it explains the door in a minute, in both languages, and its example works."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.test import Client

from tests.api.sides import Country
from tests.support import DATABASES

pytestmark = DATABASES


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_steps_are_there(client: Client, language: str) -> None:
    response = client.get("/api/", headers={"Accept-Language": language})
    page = response.content.decode()
    assert response.status_code == 200
    for part in (
        "/api/oauth/token",
        "/api/v1/inquiries",
        "/api/schema/",
        "/api/keys",
        "/api/permissions",
        "mynx-1",
        "examples/child_allowance.py",
        "2001",
    ):
        assert part in page
    assert len(re.findall("<h1", page)) == 1


def test_the_page_is_in_the_readers_language(client: Client) -> None:
    assert "Get a token" in client.get("/api/", headers={"Accept-Language": "en"}).content.decode()
    japanese = client.get("/api/", headers={"Accept-Language": "ja"}).content.decode()
    assert "トークンを受け取る" in japanese
    assert "Get a token" not in japanese


def test_the_example_on_the_page_can_be_sent_as_it_stands(client: Client, country: Country) -> None:
    country.chofu.code_for(country.hanako)  # someone has a code in this epoch
    page = client.get("/api/").content.decode()
    [body] = re.findall(r"Content-Type: application/json\n\n(\{.*?\n\})", html.unescape(page), re.DOTALL)
    answer = country.chofu.post("/api/v1/inquiries", json.loads(body))
    assert (answer.status, answer.json["outcome"]) == (200, "0004")


def test_pages_are_read_only(client: Client) -> None:
    assert [client.post(path).status_code for path in ("/api/", "/api/problems/")] == [405, 405]
