"""Every answer for agencies is signed and bound to its request; the keys are public."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from exchange import service_key
from keys import custody
from mynx import keys, signatures
from mynx.signatures import NotGenuine
from tests.api.sides import CHOFU, ORIGIN, Answered, Country, Side
from tests.support import DATABASES

pytestmark = DATABASES

INQUIRIES, COLLECT = "/api/v1/inquiries", "/api/v1/codes/collect"
Sent = tuple[signatures.Request, Answered]


def service_keys() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Client().get("/api/keys").json()["keys"]
    return found


def send(side: Side, path: str, body: bytes, method: str = "POST", **headers: str) -> Sent:
    """A signed request as it was sent, and its answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {side.token()}"} | headers
    made = side.signed(method, path, body, headers)
    asked = signatures.Request(method, ORIGIN + path, {name.lower(): value for name, value in made.items()})
    return asked, side.send(method, path, body, made)


def verify(asked: signatures.Request, answer: Answered, **changes: Any) -> None:
    headers = {name.lower(): value for name, value in answer.headers.items()} | changes.pop("headers", {})
    response = signatures.Response(changes.pop("status", answer.status), headers, changes.pop("request", asked))
    body = changes.pop("body", answer.text.encode())
    signatures.verify_response(response, body, service_keys=changes.pop("service_keys", None) or service_keys())


def test_answers_and_problems_are_signed_for_their_request(country: Country) -> None:
    sent = [
        send(country.chofu, INQUIRIES, json.dumps(country.inquiry()).encode()),
        send(country.chofu, "/api/v1/notices", json.dumps(country.notice()).encode()),
        send(country.chofu, INQUIRIES, json.dumps(country.inquiry(provider="900019")).encode()),
        send(country.chofu, INQUIRIES, b"{"),
        send(country.chofu, INQUIRIES, b"{}", Authorization="Bearer nonsense"),
        send(country.chofu, INQUIRIES, b"{}", Accept="text/html"),
        send(country.chofu, INQUIRIES, b"", method="GET"),
        send(country.chofu, "/api/v1/nowhere", b"{}"),
        send(country.chofu, f"{COLLECT}?x=1&y=%20", b"{}"),
        send(country.chofu, COLLECT, b"{}", Host="elsewhere.example"),
    ]
    assert [answer.status for _, answer in sent] == [200, 201, 403, 400, 401, 406, 405, 404, 200, 400]
    for asked, answer in sent:
        verify(asked, answer)


def test_a_failure_is_signed_too(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.code_issue.collect", lambda **_: 1 / 0)
    asked, answer = send(country.chofu, COLLECT, b"{}")
    assert answer.status == 500
    verify(asked, answer)


def test_an_answer_fits_no_other_request(country: Country) -> None:
    """The same question twice: each answer is bound to its own signature."""
    body = json.dumps(country.inquiry()).encode()
    (first, answer), (second, _) = send(country.chofu, INQUIRIES, body), send(country.chofu, INQUIRIES, body)
    verify(first, answer)
    with pytest.raises(NotGenuine, match="signature is wrong"):
        verify(second, answer)


CHANGES: dict[str, dict[str, Any]] = {
    "status": {"status": 201},
    "body": {"body": b"{}"},
    "digest and body": {"body": b"{}", "headers": {"content-digest": signatures.content_digest(b"{}")}},
    "no signature": {"headers": {"signature-input": "", "signature": ""}},
    "half a signature": {"headers": {"signature": ""}},
    "nonsense": {"headers": {"signature-input": "mynx=nonsense"}},
    "zero": {"headers": {"signature": f"mynx=:{'A' * 86}==:"}},
    "method": {"request": signatures.Request("PUT", ORIGIN + INQUIRIES, {"signature": "mynx=:AAAA:"})},
    "another service": {"service_keys": [{"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "other"}]},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_answer_is_not_genuine(country: Country, name: str) -> None:
    asked, answer = send(country.chofu, INQUIRIES, json.dumps(country.inquiry()).encode())
    with pytest.raises(NotGenuine):
        verify(asked, answer, **CHANGES[name])


@pytest.mark.parametrize("component", signatures.BOUND)
def test_a_signature_that_binds_less_is_not_genuine(country: Country, component: str) -> None:
    asked, answer = send(country.chofu, COLLECT, b"{}")
    less = answer.headers["Signature-Input"].replace(f"{component} ", "").replace(f" {component})", ")")
    with pytest.raises(NotGenuine, match="does not bind"):
        verify(asked, answer, headers={"signature-input": less})


def test_who_did_not_sign_gets_an_answer_for_the_address_alone(client: Client) -> None:
    response = client.post(INQUIRIES, b"{}", content_type="application/json")
    covered = response.headers["Signature-Input"].partition(")")[0]
    assert response.status_code == 401
    assert covered == 'mynx=("@status" "content-digest" "@method";req "@target-uri";req'


@pytest.mark.parametrize("address", [f"{INQUIRIES}?a=%zz", f"{INQUIRIES}?a=é", "/api/v1/%ff", "/api/v1//x"])
def test_addresses_that_are_none_are_answered_all_the_same(client: Client, address: str) -> None:
    response = client.post(address, b"{}", content_type="application/json", headers={"Signature": "mynx=:AAAA:"})
    assert response.status_code in {400, 401, 404}
    assert response.headers["Signature"].startswith("mynx=:")


def test_only_the_agencies_door_signs(client: Client, settings: Any) -> None:
    assert "Signature" not in client.get("/api/").headers
    assert "Signature" not in client.get("/api/keys").headers
    settings.MYNA_DOORS = ["portal"]
    assert "Signature" not in client.post(INQUIRIES).headers


def test_the_keys_are_named_by_their_thumbprints(country: Country) -> None:
    [key] = service_keys()
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert key["kid"] == keys.thumbprint(key)
    assert custody.signing_key(service_key.PURPOSE).public_key().public_bytes_raw() == keys.to_bytes(key["x"])


def test_the_old_key_stays_published_after_a_change(country: Country) -> None:
    asked, answer = send(country.chofu, COLLECT, b"{}")
    custody.create(service_key.PURPOSE)
    try:
        verify(asked, answer)
        verify(*send(country.chofu, COLLECT, b"{}"))
        assert len(service_keys()) == 2
    finally:
        (settings.KEYS_DIR / f"{service_key.PURPOSE}.2.key").unlink()


def test_the_keys_are_read_only_and_open_to_everyone(client: Client) -> None:
    response = client.post("/api/keys")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert client.get("/api/keys", headers={"Accept": "text/html"}).status_code == 406
    assert CHOFU not in client.get("/api/keys").content.decode()
