"""The permission table as published: for everyone, true, signed, and of the version in force."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from joserfc import jws
from joserfc.jwk import OKPKey

from agencies.models import Agency
from exchange import statute
from mynx import keys, permissions
from tests.api.sides import CHOFU
from tests.exchange.test_statute_changes import approve, propose
from tests.exchange.test_statute_changes import line as a_row
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("country")]

ADDRESS = "/api/permissions"


def published() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(keys.to_bytes(Client().get(ADDRESS).json()["payload"]))
    return content


def test_everyone_gets_it_and_caches_may_keep_it_for_a_minute() -> None:
    response = Client().get(ADDRESS)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "public, max-age=60")
    assert "Set-Cookie" not in response.headers
    refused = Client().post(ADDRESS)
    assert (refused.status_code, refused.headers["Cache-Control"]) == (405, "no-store")
    assert Client().get(ADDRESS, headers={"Accept": "text/html"}).status_code == 406


def test_a_standard_library_verifies_it_by_the_published_key() -> None:
    [key] = Client().get("/api/keys").json()["keys"]
    statement = Client().get(ADDRESS).json()
    found = jws.deserialize_json(statement, OKPKey.import_key(key), algorithms=["Ed25519"])
    assert found.headers() == {"alg": "Ed25519", "kid": key["kid"], "typ": permissions.KIND}
    said, again = json.loads(found.payload), published()
    moments = {"issued_at", "expires_at"}
    assert {name: said[name] for name in said.keys() - moments} == {
        name: again[name] for name in again.keys() - moments
    }


def test_it_says_what_the_exchange_goes_by() -> None:
    Agency.objects.filter(local_code="132063").update(is_active=False, assessment_until=None)
    content = published()
    agencies = {entry["local_code"]: entry for entry in content["agencies"]}
    assert agencies[CHOFU] == {
        "local_code": CHOFU, "kind": "MUNICIPALITY", "is_active": True, "assessment_until": "2031-03-31",
    }  # fmt: skip
    assert agencies["132063"]["is_active"] is False and agencies["132063"]["assessment_until"] is None
    rows = {row["row"]: row for row in content["rows"]}
    assert rows.keys() == statute.rules().keys()
    assert rows["I01"]["items"] == list(statute.rules()["I01"].items) and rows["I01"]["valid_to"] is None
    assert (content["version"], content["format"]) == (0, permissions.FORMAT)


def test_an_approved_change_is_in_the_next_one() -> None:
    statute.forget()
    before = published()
    approve(propose(a_row()))
    after = published()
    assert (before["version"], after["version"]) == (0, 1)
    assert "I90" in {row["row"] for row in after["rows"]} - {row["row"] for row in before["rows"]}
    assert before["reference"] == after["reference"]
