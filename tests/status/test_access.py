"""Registered verifiers only, where the demo's switch is closed: each for its own kind of certificates."""

from __future__ import annotations

import datetime as dt
import uuid
from io import StringIO
from typing import Any

import pytest
from cryptography.x509 import ocsp as library
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import OKPKey

from agencies import clients, registry, verifiers
from agencies.models import Agency, ApiClient
from cards.pki import ocsp
from cards.pki.profiles import SIGNATURE, USER_AUTHENTICATION
from tests.cards.certificates import certify, generation, serial
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("publishing")]
DAY = dt.timedelta(days=1)
KEY = OKPKey.generate_key("Ed25519")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def verifier(settings: Any) -> ApiClient:
    """A client that is registered for signatures only."""
    settings.PKI_STATUS_OPEN = False
    registry.load()
    client = clients.register(agency=Agency.objects.get(local_code="132080"), jwk=KEY.as_dict(private=False))
    verifiers.register(client=client, kind=SIGNATURE, at=timezone.now())
    return client


def assertion(client: ApiClient, **changes: Any) -> str:
    now = int(timezone.now().timestamp())
    claims = {
        "iss": str(client.client_id),
        "sub": str(client.client_id),
        "aud": verifiers.endpoint(),
        "exp": now + 30,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode({"alg": "Ed25519"}, claims | changes, KEY, algorithms=["Ed25519"])


def ask_for_token(web: Client, statement: str) -> Any:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": statement}
    return web.post("/pki/token", form)


def bearer(web: Client, client: ApiClient) -> dict[str, str]:
    answer = ask_for_token(web, assertion(client))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def ask(web: Client, purpose: str, headers: dict[str, str] | None = None) -> Any:
    issuer = generation(1, at=timezone.now() - DAY, purpose=purpose)
    row = certify(issuer, at=timezone.now() - DAY)
    data = ocsp.plain_request(issuer.certificate, serial=serial(row), algorithm=ocsp.SHA1)
    return web.post("/pki/ocsp", data, content_type="application/ocsp-request", headers=headers or {})


def outcome(answer: Any) -> str:
    return library.load_der_ocsp_response(answer.content).response_status.name


def test_a_stranger_learns_nothing(client: Client, verifier: ApiClient) -> None:
    for headers in ({}, {"Authorization": "Bearer junk"}, {"Authorization": "Basic eDp5"}):
        answer = ask(client, SIGNATURE, headers)
        assert (answer.status_code, outcome(answer)) == (401, "UNAUTHORIZED")
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert client.get("/pki/signature/1/complete.crl").status_code == 401
    assert client.get("/pki/nothing/1/complete.crl").status_code == 401
    assert client.get("/pki/access").status_code == 401
    assert client.get("/pki/signature/1/ca.cer").status_code == 200


def test_a_verifier_asks_about_its_own_kind_only(client: Client, verifier: ApiClient) -> None:
    headers = bearer(client, verifier)
    assert outcome(ask(client, SIGNATURE, headers)) == "SUCCESSFUL"
    answer = ask(client, USER_AUTHENTICATION, headers)
    assert (answer.status_code, outcome(answer)) == (200, "UNAUTHORIZED")
    found = client.get("/pki/signature/1/complete.crl", headers=headers)
    assert found.status_code == 200
    assert "private" in found["Cache-Control"]
    assert client.get("/pki/user-authentication/1/complete.crl", headers=headers).status_code == 401
    assert client.get("/pki/access", headers=headers).status_code == 401
    verifiers.register(client=verifier, kind=USER_AUTHENTICATION, at=timezone.now())
    assert outcome(ask(client, USER_AUTHENTICATION, headers)) == "SUCCESSFUL"
    assert client.get("/pki/access", headers=headers).status_code == 204


def test_the_end_of_a_registration_takes_effect_at_once(client: Client, verifier: ApiClient) -> None:
    headers = bearer(client, verifier)
    assert ask(client, SIGNATURE, headers).status_code == 200
    verifiers.end(client=verifier, kind=SIGNATURE, at=timezone.now())
    assert ask(client, SIGNATURE, headers).status_code == 401
    assert ask_for_token(client, assertion(verifier)).json() == {"error": "unauthorized_client"}


@pytest.mark.parametrize("what", ["client", "agency"])
def test_who_is_not_active_is_no_verifier(client: Client, verifier: ApiClient, what: str) -> None:
    headers = bearer(client, verifier)
    row = verifier if what == "client" else verifier.agency
    row.is_active = False
    row.save()
    assert ask(client, SIGNATURE, headers).status_code == 401


def test_a_token_ends_and_is_for_this_door_only(client: Client, verifier: ApiClient, settings: Any) -> None:
    at = timezone.now()
    made = verifiers.token_for(assertion(verifier), at=at)
    assert verifiers.kinds_of(made, at=at) == {SIGNATURE}
    for when in (at + verifiers.LIFETIME, at + DAY):
        with pytest.raises(verifiers.NotAVerifier):
            verifiers.kinds_of(made, at=when)
    settings.PKI_ORIGIN = "https://other.example"
    with pytest.raises(verifiers.NotAVerifier):
        verifiers.kinds_of(made, at=at)


def test_only_the_clients_own_statement_gets_a_token(client: Client, verifier: ApiClient) -> None:
    once = assertion(verifier)
    assert ask_for_token(client, once).status_code == 200
    wrong = (once, "junk", "", assertion(verifier, aud="https://other.example"), assertion(verifier, iss="x"))
    for statement in wrong:
        answer = ask_for_token(client, statement)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert client.post("/pki/token", {"grant_type": "password"}).json() == {"error": "invalid_request"}


def test_registering_twice_is_once_and_both_ways_by_command(verifier: ApiClient) -> None:
    out = StringIO()
    for _ in range(2):
        call_command("register_verifier", str(verifier.client_id), USER_AUTHENTICATION, stdout=out)
    assert verifier.registrations.filter(kind=USER_AUTHENTICATION).count() == 1
    call_command("register_verifier", str(verifier.client_id), USER_AUTHENTICATION, end=True, stdout=out)
    with pytest.raises(CommandError, match="not registered"):
        call_command("register_verifier", str(verifier.client_id), USER_AUTHENTICATION, end=True, stdout=out)
    for unknown in (str(uuid.uuid4()), "junk"):
        with pytest.raises(CommandError, match="no client"):
            call_command("register_verifier", unknown, SIGNATURE, stdout=out)
