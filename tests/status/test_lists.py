"""Publication points over HTTP: media types, caching, and nothing else of the directory."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from django.test import Client
from django.utils import timezone

from cards import publication
from cards.pki import crl
from tests.cards.certificates import certify, generation, serial
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("publishing")]
DAY = dt.timedelta(days=1)


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_each_is_served_under_the_address_that_certificates_name(client: Client) -> None:
    at = timezone.now().replace(microsecond=0)
    row = certify(generation(2, at=at - DAY), at=at - DAY, revoked_at=at)
    for name in (row.shard, "complete"):
        answer = client.get(f"/pki/user-authentication/2/{name}.crl")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pkix-crl")
        assert {entry.serial for entry in crl.entries_of(x509.load_der_x509_crl(content(answer)))} == {serial(row)}
    answer = client.get("/pki/user-authentication/2/ca.cer")
    assert answer["Content-Type"] == "application/pkix-cert"
    x509.load_der_x509_certificate(content(answer))


def test_a_copy_may_be_kept_until_the_next_run(client: Client) -> None:
    generation(1, at=timezone.now() - DAY)
    answer = client.get("/pki/user-authentication/1/complete.crl")
    seconds = int(publication.INTERVAL.total_seconds())
    assert answer["Cache-Control"] == f"max-age={seconds}, public, no-transform, must-revalidate"
    assert answer["Expires"]
    for headers in ({"If-None-Match": answer["ETag"]}, {"If-Modified-Since": answer["Last-Modified"]}):
        assert client.get("/pki/user-authentication/1/complete.crl", headers=headers).status_code == 304
    assert client.head("/pki/user-authentication/1/complete.crl").status_code == 200
    assert client.post("/pki/user-authentication/1/complete.crl").status_code == 405


@pytest.mark.parametrize(
    "name", ["9.crl", "ocsp.cer", ".lock", "..%2f1%2fca.cer", "complete.crl.key", "complete", "../.published"]
)
def test_nothing_else_is_served(client: Client, name: str) -> None:
    generation(1, at=timezone.now() - DAY)
    assert client.get(f"/pki/user-authentication/1/{name}").status_code == 404


def test_an_unknown_authority_or_generation_is_not_there(client: Client) -> None:
    generation(1, at=timezone.now() - DAY)
    for address in ("/pki/other/1/ca.cer", "/pki/user-authentication/2/ca.cer", "/pki/signature/1/complete.crl"):
        assert client.get(address).status_code == 404
