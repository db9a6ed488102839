"""The layouts are public: each stands at its address as the file says it, and caches may keep it."""

from __future__ import annotations

import json

import jsonschema
from django.test import Client

from holdings import layout
from tests.api.sides import LOCAL_TAX, tax_items
from tests.support import DATABASES

pytestmark = DATABASES


def test_the_list_names_every_layout_and_where_it_is(client: Client) -> None:
    answer = client.get("/api/layouts/")
    lines = answer.json()["layouts"]
    assert {(line["data_set"], line["version"]) for line in lines} == set(layout.all_layouts())
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=3600")
    for line in lines:
        text = (layout.DIRECTORY / f"{line['data_set']}.{line['version']}.json").read_text()
        assert client.get(line["address"]).json() == json.loads(text)


def test_another_program_validates_with_it(client: Client) -> None:
    schema = client.get(f"/api/layouts/{LOCAL_TAX}/1").json()
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(tax_items())
    assert not validator.is_valid(tax_items("1.5"))


def test_what_there_is_not(client: Client) -> None:
    for address in (f"/api/layouts/{LOCAL_TAX}/2", "/api/layouts/TM90000000000092/1", "/api/layouts/x/1"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["title"]) == (404, "No such address")
        assert answer.headers["Cache-Control"] == "no-store"
    assert client.post("/api/layouts/").status_code == 405
