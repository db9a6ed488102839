"""private_key_jwt (RFC 7523): who signed it, for whom, for how long, and once."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from agencies import clients, once, registry
from agencies.clients import AssertionNotAccepted, NotAPublicKey, authenticate
from agencies.models import Agency, ApiClient, UsedOnce
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.filterwarnings("ignore:EdDSA is deprecated")]
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
AUDIENCE = "http://127.0.0.1:8000/api/oauth/token"
EC, OKP = ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")


@pytest.fixture
def client() -> ApiClient:
    return new_client()


def new_client(key=EC) -> ApiClient:
    registry.load()
    return clients.register(agency=Agency.objects.get(local_code="132080"), jwk=key.as_dict(private=False))


def claims_of(client: ApiClient, **changes) -> dict:
    claims = {
        "iss": str(client.client_id), "sub": str(client.client_id), "aud": AUDIENCE, "jti": str(uuid.uuid4()),
        "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60,
    }  # fmt: skip
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def signed(client: ApiClient, key=EC, algorithm="ES256", header=None, **changes) -> str:
    return jwt.encode({"alg": algorithm, **(header or {})}, claims_of(client, **changes), key, algorithms=[algorithm])


def refuse(assertion: str, audience: str = AUDIENCE, at: datetime = NOW) -> str:
    with pytest.raises(AssertionNotAccepted) as refusal:
        authenticate(assertion, audience, at)
    return str(refusal.value)


@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES256"), (OKP, "EdDSA"), (OKP, "Ed25519")])
def test_a_right_assertion_names_its_client(key, algorithm):
    client = new_client(key)
    assert authenticate(signed(client, key, algorithm), AUDIENCE, NOW) == client
    assert authenticate(signed(client, key, algorithm, aud=["other", AUDIENCE]), AUDIENCE, NOW) == client


def test_it_is_used_once(client):
    assertion = signed(client)
    authenticate(assertion, AUDIENCE, NOW)
    refuse(assertion)
    refuse(signed(client, jti=claims_in(assertion)["jti"]))
    assert authenticate(signed(client), AUDIENCE, NOW) == client


def claims_in(assertion: str) -> dict:
    body = assertion.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_two_clients_may_use_the_same_jti(client):
    other = new_client(OKP)
    authenticate(signed(client, jti="1"), AUDIENCE, NOW)
    assert authenticate(signed(other, OKP, "EdDSA", jti="1"), AUDIENCE, NOW) == other


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example/token"},
        {"aud": []},
        {"aud": ...},
        {"aud": None},
        {"iss": ...},
        {"iss": "someone"},
        {"iss": 7},
        {"sub": str(uuid.uuid4())},
        {"sub": ...},
        {"exp": ...},
        {"exp": "soon"},
        {"exp": True},
        {"exp": int(NOW.timestamp()) + 66},
        {"exp": int(NOW.timestamp()) + 3600},
        {"exp": int(NOW.timestamp()) - 5},
        {"iat": int(NOW.timestamp()) + 6},
        {"iat": "now"},
        {"jti": ...},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 256},
    ],
)
def test_a_claim_that_does_not_fit_is_refused_and_uses_nothing_up(client, changes):
    refuse(signed(client, **changes))
    assert not UsedOnce.objects.exists()


@pytest.mark.parametrize("late", [4, -4])
def test_a_clock_that_is_seconds_off_is_accepted(client, late):
    assert authenticate(signed(client, exp=int(NOW.timestamp()) + 60), AUDIENCE, NOW - timedelta(seconds=late))


def test_an_old_assertion_is_refused(client):
    refuse(signed(client), at=NOW + timedelta(seconds=65))
    refuse(signed(client), at=NOW - timedelta(seconds=6))


def test_another_clients_key_or_another_algorithm_is_refused(client):
    refuse(signed(client, ECKey.generate_key("P-256")))
    refuse(signed(client, OKP, "EdDSA"))
    refuse(signed(client, RSAKey.generate_key(2048), "RS256"))
    # The classic confusion: the public key as an HMAC secret.
    public = json.dumps(EC.as_dict(private=False)).encode()
    refuse(signed(client, OctKey.import_key(public), "HS256"))


def test_an_unsigned_or_tampered_assertion_is_refused(client):
    head, body, signature = signed(client).split(".")
    encoded = lambda content: base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")  # noqa: E731
    refuse(f"{encoded({'alg': 'none'})}.{body}.")
    refuse(f"{head}.{encoded(claims_of(client))}.{signature}")
    refuse(f"{head}.{body}.")


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "é.é.é", "." * 5, "a" * 5000, "e30.e30.e30", "e30.W10.e30", "e30.MQ.e30"]
)
def test_what_is_no_jwt_is_refused(client, text):
    refuse(text)


def test_an_unknown_or_inactive_client_is_refused(client):
    unknown = ApiClient(client_id=uuid.uuid4())
    refuse(signed(unknown))
    for change in ({"is_active": False}, {"is_active": True}):
        ApiClient.objects.update(**change)
    authenticate(signed(client), AUDIENCE, NOW)
    Agency.objects.filter(local_code="132080").update(is_active=False)
    refuse(signed(client))
    Agency.objects.filter(local_code="132080").update(is_active=True)
    ApiClient.objects.update(is_active=False)
    refuse(signed(client))


def test_no_refusal_repeats_the_assertion(client):
    for changes in ({"aud": "nowhere"}, {"exp": 1}, {"iss": "山田 花子"}):
        assertion = signed(client, **changes)
        message = refuse(assertion)
        assert not any(part in message for part in [*assertion.split("."), "山田", "nowhere"])


def test_the_used_mark_hides_the_jti_and_goes_when_it_has_expired(client):
    authenticate(signed(client, jti="visible-jti"), AUDIENCE, NOW)
    row = UsedOnce.objects.get()
    assert b"visible-jti" not in bytes(row.hash)
    assert once.forget_expired(at=NOW + timedelta(seconds=60)) == 0
    assert once.forget_expired(at=NOW + timedelta(seconds=66)) == 1
    refuse(signed(client, jti="visible-jti"), at=NOW + timedelta(seconds=66))


def private_jwk(key) -> dict:
    return key.as_dict(private=True)


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "OKP", "crv": "X25519", "x": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        private_jwk(EC),
        private_jwk(OKP),
        RSAKey.generate_key(2048).as_dict(private=False),
        ECKey.generate_key("P-521").as_dict(private=False),
    ],
)
def test_only_public_keys_of_two_kinds_are_registered(jwk):
    registry.load()
    with pytest.raises(NotAPublicKey):
        clients.register(agency=Agency.objects.get(local_code="132080"), jwk=jwk)
    assert not ApiClient.objects.exists()


def test_a_registered_key_has_no_private_part(client):
    assert set(client.jwk) >= {"kty", "crv", "x", "y"}
    assert "d" not in client.jwk
    assert repr(client) == "<ApiClient>"


def test_a_key_of_another_library_works():
    """The key was made by cryptography, its JWK written by hand."""
    text = lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")  # noqa: E731
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    registry.load()
    for jwk in (
        {"kty": "OKP", "crv": "Ed25519", "x": text(raw)},
        {"kty": "EC", "crv": "P-256", "x": text(point.x.to_bytes(32)), "y": text(point.y.to_bytes(32))},
    ):
        client = clients.register(agency=Agency.objects.get(local_code="132080"), jwk=jwk)
        assert {key: client.jwk[key] for key in jwk} == jwk
