"""The token address: who gets one, and that everyone else learns nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from joserfc.jwk import ECKey, OctKey, OKPKey

from agencies.models import ApiClient
from api import tokens
from tests.api.sides import AUDIENCE, CHOFU, Answered, Country, Side, new_side
from tests.support import DATABASES

pytestmark = DATABASES

INVALID_CLIENT = {"error": "invalid_client", "error_description": "The client assertion is not valid."}


def assert_refused(answer: Answered) -> None:
    """Every reason looks the same."""
    assert (answer.status, answer.json) == (401, INVALID_CLIENT)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="agencies"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_signed_statement_gives_a_token(country: Country) -> None:
    answer = country.chofu.ask_token()
    assert answer.status == 200
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 300)
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    bound = tokens.read(answer.json["access_token"], at=timezone.now())
    assert bound == (str(country.chofu.client.client_id), country.chofu.key.thumbprint())


def test_a_p256_key_works_too(country: Country) -> None:
    side = new_side(CHOFU, key=ECKey.generate_key("P-256"))
    assert side.ask_token().status == 200


def test_the_client_id_may_be_sent_and_must_be_the_signer(country: Country) -> None:
    assert country.chofu.ask_token(client_id=str(country.chofu.client.client_id)).status == 200
    assert_refused(country.chofu.ask_token(client_id=str(country.mitaka.client.client_id)))


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, 400, "invalid_request"),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, 401, "invalid_client"),
        ({"client_assertion_type": None}, 401, "invalid_client"),
        ({"client_assertion": None, "client_secret": "guess"}, 401, "invalid_client"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
def test_a_request_that_is_not_in_order(country: Country, changes: dict[str, Any], status: int, error: str) -> None:
    answer = country.chofu.ask_token(**changes)
    assert (answer.status, answer.json["error"]) == (status, error)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example/token"},
        {"aud": None},
        {"iss": "8e6b7c68-21c5-4c8e-8d0a-0a2f3f6f7a11"},
        {"sub": "8e6b7c68-21c5-4c8e-8d0a-0a2f3f6f7a11"},
        {"iss": "not a client"},
        {"iss": 7},
        {"iss": None},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 300},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**30},
        {"iat": 2**40},
    ],
)
def test_a_statement_whose_claims_do_not_fit(country: Country, changes: dict[str, Any]) -> None:
    assert_refused(country.chofu.ask_token(client_assertion=country.chofu.assertion(**changes)))


@pytest.mark.parametrize("seconds", [-3600, -60, 120, 3600])
def test_a_statement_of_another_time(country: Country, seconds: int) -> None:
    at = timezone.now() + timedelta(seconds=seconds)
    assert_refused(country.chofu.ask_token(client_assertion=country.chofu.assertion(at=at)))


def test_a_statement_works_once(country: Country) -> None:
    assertion = country.chofu.assertion()
    assert country.chofu.ask_token(client_assertion=assertion).status == 200
    assert_refused(country.chofu.ask_token(client_assertion=assertion))


def test_the_address_may_be_one_of_several_audiences(country: Country) -> None:
    assertion = country.chofu.assertion(aud=["https://elsewhere.example", AUDIENCE])
    assert country.chofu.ask_token(client_assertion=assertion).status == 200


def forged(side: Side, other: Side) -> list[str]:
    public = {"kty": "oct", "k": side.key.as_dict(private=False)["x"]}
    return [
        side.assertion(key=OKPKey.generate_key("Ed25519")),
        side.assertion(key=other.key),
        side.assertion(key=ECKey.generate_key("P-256"), algorithm="ES256"),
        side.assertion(key=OctKey.import_key(public), algorithm="HS256"),
        side.assertion(key=OctKey.import_key("secret-secret-secret-secret-secret"), algorithm="none"),
        side.assertion().rpartition(".")[0] + ".",
        side.assertion()[:-4] + "AAAA",
        "a.b.c",
        "",
        "é" * 50,
        "x" * 8000,
    ]


@pytest.mark.parametrize("which", range(11))
def test_a_statement_that_someone_else_signed(country: Country, which: int) -> None:
    assertion = forged(country.chofu, country.mitaka)[which]
    answer = country.chofu.ask_token(client_assertion=assertion)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_an_inactive_client_gets_none(country: Country) -> None:
    ApiClient.objects.filter(pk=country.chofu.client.pk).update(is_active=False)
    assert_refused(country.chofu.ask_token())


def test_an_inactive_agency_gets_none(country: Country) -> None:
    country.chofu.agency.is_active = False
    country.chofu.agency.save()
    assert_refused(country.chofu.ask_token())


def test_only_a_small_form_by_post(country: Country) -> None:
    web = country.chofu.web
    kind = "application/x-www-form-urlencoded"
    answers = [
        (web.get("/api/oauth/token"), 405),
        (web.delete("/api/oauth/token"), 405),
        (web.options("/api/oauth/token"), 405),
        (web.post("/api/oauth/token", "{}", content_type="application/json"), 415),
        (web.post("/api/oauth/token", b"a=" + b"b" * 20_000, content_type=kind), 413),
        (web.post("/api/oauth/token", b"", content_type=kind, headers={"Accept": "text/html"}), 406),
    ]
    for response, status in answers:
        assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
