"""Who calls: every kind of caller at every address, and what a token must be."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from joserfc.jws import JWSRegistry

from agencies.models import ApiClient
from api import tokens
from keys import custody
from tests.api.sides import Answered, Country, record_count
from tests.support import DATABASES

pytestmark = DATABASES

ADDRESSES = [
    "/api/v1/inquiries",
    "/api/v1/inquiries/result",
    "/api/v1/provisions/decide",
    "/api/v1/notices",
    "/api/v1/charges",
    "/api/v1/codes/collect",
    "/api/v1/codes/confirm",
]


def assert_closed(answer: Answered, kind: str) -> None:
    assert (answer.status, answer.kind, answer.json["status"]) == (401, kind, 401)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="agencies"')
    assert "no-store" in answer.headers["Cache-Control"]


def token_of(country: Country, *, at: datetime) -> str:
    side = country.chofu
    return tokens.issue(client_id=str(side.client.client_id), thumbprint=side.key.thumbprint(), at=at)


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_token(country: Country, path: str) -> None:
    answer = country.chofu.post(path, {}, token="")
    assert_closed(answer, "no-token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="agencies"'


@pytest.mark.parametrize("path", ADDRESSES)
def test_an_expired_token(country: Country, path: str) -> None:
    at = timezone.now() - timedelta(seconds=301)
    expired = token_of(country, at=at)
    answer = country.chofu.post(path, {}, token=expired)
    assert_closed(answer, "expired-token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_lives_for_five_minutes(country: Country) -> None:
    at = timezone.now() - timedelta(seconds=290)
    young = token_of(country, at=at)
    assert country.chofu.post("/api/v1/codes/collect", {}, token=young).status == 200


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize(
    "token", ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é", "x" * 9000, "two words", "\x7f"]
)
def test_no_token_at_all(country: Country, path: str, token: str) -> None:
    assert_closed(country.chofu.post(path, {}, token=token), "invalid-token")


def claims_of(country: Country, **changes: object) -> dict[str, object]:
    client_id = str(country.chofu.client.client_id)
    now = int(timezone.now().timestamp())
    claims: dict[str, object] = {
        "iss": tokens.issuer(),
        "aud": tokens.audience(),
        "sub": client_id,
        "client_id": client_id,
    }
    claims |= {"cnf": {"jkt": country.chofu.key.thumbprint()}}
    return {**claims, "iat": now, "exp": now + 300, "jti": secrets.token_hex(8), **changes}


def own_key() -> OKPKey:
    return tokens._signing_key(custody.current(tokens.PURPOSE).material)


def signed(header: dict[str, str], claims: dict[str, object], key: object) -> str:
    return jwt.encode(header, claims, key, registry=JWSRegistry(algorithms=[header["alg"]]))


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_token_of_another_key(country: Country, path: str) -> None:
    header = {"alg": "Ed25519", "typ": "at+jwt"}
    foreign = signed(header, claims_of(country), OKPKey.generate_key("Ed25519"))
    assert_closed(country.chofu.post(path, {}, token=foreign), "invalid-token")


def test_a_token_with_another_algorithm(country: Country) -> None:
    public = OctKey.import_key({"kty": "oct", "k": own_key().as_dict(private=False)["x"]})
    for algorithm in ("HS256", "none"):
        forged = signed({"alg": algorithm, "typ": "at+jwt"}, claims_of(country), public)
        assert_closed(country.chofu.post(ADDRESSES[0], {}, token=forged), "invalid-token")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "https://elsewhere.example/api/"},
        {"client_id": None},
        {"client_id": "not a uuid"},
        {"client_id": "8e6b7c68-21c5-4c8e-8d0a-0a2f3f6f7a11"},
        {"exp": None},
        {"exp": "never"},
        {"cnf": None},
        {"cnf": {}},
        {"cnf": {"jkt": 5}},
        {"cnf": {"jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}},
    ],
)
def test_a_token_of_ours_that_says_something_else(country: Country, changes: dict[str, object]) -> None:
    token = signed({"alg": "Ed25519", "typ": "at+jwt"}, claims_of(country, **changes), own_key())
    assert_closed(country.chofu.post(ADDRESSES[0], {}, token=token), "invalid-token")


def test_another_kind_of_jwt_of_ours_is_no_token(country: Country) -> None:
    token = signed({"alg": "Ed25519", "typ": "JWT"}, claims_of(country), own_key())
    assert_closed(country.chofu.post(ADDRESSES[0], {}, token=token), "invalid-token")


def test_a_client_assertion_is_no_token(country: Country) -> None:
    assert_closed(country.chofu.post(ADDRESSES[0], {}, token=country.chofu.assertion()), "invalid-token")


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token"])
def test_another_scheme_is_nobody(country: Country, scheme: str) -> None:
    header = f"{scheme} {country.chofu.token()}"
    answer = country.chofu.post(ADDRESSES[0], {}, token="", Authorization=header)
    assert_closed(answer, "no-token")


def test_the_scheme_is_read_in_any_case(country: Country) -> None:
    header = f"bearer {country.chofu.token()}"
    assert country.chofu.post("/api/v1/codes/collect", {}, token="", Authorization=header).status == 200


def test_a_signed_in_session_opens_nothing(country: Country) -> None:
    """Cookies are not looked at: a page in a citizen's or clerk's browser can send nothing here."""
    session = country.chofu.web.session
    session["_auth_user_id"] = "8e6b7c68-21c5-4c8e-8d0a-0a2f3f6f7a11"
    session.save()
    assert_closed(country.chofu.post(ADDRESSES[0], {}, token=""), "no-token")


def test_a_token_stops_with_its_client(country: Country) -> None:
    token = country.chofu.token()
    ApiClient.objects.filter(pk=country.chofu.client.pk).update(is_active=False)
    assert_closed(country.chofu.post(ADDRESSES[0], country.inquiry(), token=token), "invalid-token")
    assert record_count() == 0


def test_a_token_stops_with_its_agency(country: Country) -> None:
    token = country.chofu.token()
    country.chofu.agency.is_active = False
    country.chofu.agency.save()
    assert_closed(country.chofu.post(ADDRESSES[0], country.inquiry(), token=token), "invalid-token")
    assert record_count() == 0


def test_a_token_outlives_the_change_of_our_key(country: Country) -> None:
    token = country.chofu.token()
    custody.create("access-token")
    assert country.chofu.post("/api/v1/codes/collect", {}, token=token).status == 200
    assert country.chofu.post("/api/v1/codes/collect", {}).status == 200
