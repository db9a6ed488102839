"""The responder over HTTP: both methods, caching, foreign issuers, and no trace of who was asked about."""

from __future__ import annotations

import base64
import datetime as dt
import logging
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as library
from django.test import Client
from django.utils import timezone
from django.utils.http import parse_http_date

from cards import delegates, lifecycle, places, publication, status
from cards.pki import der, keyfiles, ocsp
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION
from mynaportal.logs import Formatter
from tests.cards.certificates import certify, generation, serial
from tests.cards.people import in_use
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("publishing")]
DAY = dt.timedelta(days=1)
TYPE = "application/ocsp-request"


def now() -> dt.datetime:
    return timezone.now().replace(microsecond=0)


def plain(issuer: Any, number: int, algorithm: str = ocsp.SHA256) -> bytes:
    return ocsp.plain_request(issuer.certificate, serial=number, algorithm=algorithm)


def with_nonce(issuer: Any, number: int, nonce: bytes) -> bytes:
    hashed = ocsp.issuer_hashes(issuer.certificate, ocsp.SHA256)
    builder = library.OCSPRequestBuilder().add_certificate_by_hash(*hashed, number, hashes.SHA256())
    return builder.add_extension(x509.OCSPNonce(nonce), False).build().public_bytes(serialization.Encoding.DER)


def post(client: Client, data: bytes) -> library.OCSPResponse:
    answer = client.post("/pki/ocsp", data, content_type=TYPE)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/ocsp-response")
    return library.load_der_ocsp_response(answer.content)


def get(client: Client, data: bytes, *, safe: str = "") -> Any:
    return client.get(f"/pki/ocsp/{quote(base64.b64encode(data).decode(), safe=safe)}")


def test_good_revoked_unknown_and_foreign(client: Client) -> None:
    issuer = generation(1, at=now() - DAY)
    good = certify(issuer, at=now() - DAY)
    gone = certify(issuer, at=now() - DAY, revoked_at=now(), reason="keyCompromise")
    assert post(client, plain(issuer, serial(good))).certificate_status == library.OCSPCertStatus.GOOD
    found = post(client, plain(issuer, serial(gone)))
    assert (found.certificate_status, found.revocation_time_utc, found.revocation_reason) == (
        library.OCSPCertStatus.REVOKED, gone.revoked_at, x509.ReasonFlags.key_compromise,
    )  # fmt: skip
    for never in (5, 0, 1 << 159, 1 << 1000, -serial(good)):
        assert post(client, plain(issuer, never)).certificate_status == library.OCSPCertStatus.UNKNOWN
    other = generation(1, at=now() - DAY, purpose=SIGNATURE)
    assert post(client, plain(other, serial(good))).certificate_status == library.OCSPCertStatus.UNKNOWN


def test_a_foreign_issuer_of_the_same_name_is_unauthorized(client: Client, settings: Any, tmp_path: Any) -> None:
    ours = generation(1, at=now() - DAY)
    row = certify(ours, at=now() - DAY)
    theirs = keyfiles.create(tmp_path / "theirs", PROFILES[USER_AUTHENTICATION], generation=1, at=now())
    assert ours.certificate.subject == theirs.certificate.subject
    found = post(client, plain(theirs, serial(row)))
    assert found.response_status == library.OCSPResponseStatus.UNAUTHORIZED


def test_each_generation_answers_for_its_own(client: Client) -> None:
    old, new = generation(1, at=now() - DAY), generation(2, at=now() - DAY)
    next_suite = generation(3, at=now() - DAY, suite="P-384")
    for issuer in (old, new, next_suite):
        row = certify(issuer, at=now() - DAY)
        for algorithm in (ocsp.SHA1, ocsp.SHA256):
            found = post(client, plain(issuer, serial(row), algorithm))
            assert found.certificate_status == library.OCSPCertStatus.GOOD
            found.certificates[0].verify_directly_issued_by(issuer.certificate)
        for other in {old, new, next_suite} - {issuer}:
            assert post(client, plain(other, serial(row))).certificate_status == library.OCSPCertStatus.UNKNOWN


def test_a_stop_is_seen_at_once(client: Client) -> None:
    card = in_use(at=now() - DAY)
    row = card.certificates.get(purpose=SIGNATURE)
    issuer = keyfiles.current(places_of_authorities(), PROFILES[SIGNATURE])
    assert post(client, plain(issuer, serial(row))).certificate_status == library.OCSPCertStatus.GOOD
    lifecycle.report_lost(card=card, at=now())
    found = post(client, plain(issuer, serial(row)))
    assert found.revocation_reason == x509.ReasonFlags.certificate_hold


def places_of_authorities() -> Any:
    from django.conf import settings

    return settings.PKI_DIR


def test_several_in_one_request(client: Client) -> None:
    issuer = generation(1, at=now() - DAY)
    good, gone = certify(issuer, at=now() - DAY), certify(issuer, at=now() - DAY, revoked_at=now())
    entries = [ocsp.parse(plain(issuer, n)).certificates[0].raw for n in (serial(gone), 9, serial(good))]
    data = der.sequence(der.sequence(der.sequence(*[der.sequence(entry) for entry in entries])))
    found = [single.certificate_status.name for single in post(client, data).responses]
    assert found == ["REVOKED", "UNKNOWN", "GOOD"]
    other = generation(2, at=now() - DAY)
    mixed = [*entries, ocsp.parse(plain(other, 9)).certificates[0].raw]
    data = der.sequence(der.sequence(der.sequence(*[der.sequence(entry) for entry in mixed])))
    assert post(client, data).response_status == library.OCSPResponseStatus.UNAUTHORIZED


def test_get_with_signs_as_they_are_and_encoded(client: Client) -> None:
    issuer = generation(1, at=now() - DAY)
    seen = set()
    for number in range(1, 2000):  # until a request has held both signs
        data = plain(issuer, number * 0xFBEFBE)
        text = base64.b64encode(data).decode()
        if seen.issuperset(signs := {sign for sign in "+/" if sign in text}):
            continue
        seen |= signs
        for safe in ("", "/", "+/=", "+"):
            answer = get(client, data, safe=safe)
            assert answer.status_code == 200
            found = library.load_der_ocsp_response(answer.content)
            assert found.serial_number == number * 0xFBEFBE
        if seen == {"+", "/"}:
            break
    assert seen == {"+", "/"}


def test_get_says_how_long_it_is_good(client: Client) -> None:
    issuer = generation(1, at=now() - DAY)
    row = certify(issuer, at=now() - DAY)
    answer = get(client, plain(issuer, serial(row)))
    found = library.load_der_ocsp_response(answer.content)
    lifetime = int(status.LIFETIME.total_seconds())
    directives = answer["Cache-Control"].split(", ")
    seconds = int(directives[0].removeprefix("max-age="))
    assert lifetime - 5 <= seconds <= lifetime
    assert directives[1:] == ["public", "no-transform", "must-revalidate"]
    assert parse_http_date(answer["Expires"]) == found.next_update_utc.timestamp()
    assert parse_http_date(answer["Last-Modified"]) == found.this_update_utc.timestamp()
    assert answer["ETag"].strip('"').isalnum()
    assert int(answer["Content-Length"]) == len(answer.content)


def test_what_answers_a_nonce_or_fails_is_never_kept(client: Client) -> None:
    issuer = generation(1, at=now() - DAY)
    row = certify(issuer, at=now() - DAY)
    data = with_nonce(issuer, serial(row), b"n" * 32)
    answer = get(client, data)
    found = library.load_der_ocsp_response(answer.content)
    assert found.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    for each in (answer, client.post("/pki/ocsp", data, content_type=TYPE), client.get("/pki/ocsp/junk")):
        assert each["Cache-Control"] == "no-store"
        assert "ETag" not in each


@pytest.mark.parametrize("data", [b"\x00", b"junk", b"\x30\x00", bytes(20_000)])
def test_junk_is_malformed_by_either_method(client: Client, data: bytes) -> None:
    for answer in (client.post("/pki/ocsp", data, content_type=TYPE), get(client, data)):
        assert answer.status_code == 200
        status_found = library.load_der_ocsp_response(answer.content).response_status
        assert status_found == library.OCSPResponseStatus.MALFORMED_REQUEST


def test_bad_nonces_are_malformed(client: Client) -> None:
    issuer = generation(1, at=now() - DAY)
    for length in (0, 129):
        found = post(client, with_nonce(issuer, 5, bytes(length)))
        assert found.response_status == library.OCSPResponseStatus.MALFORMED_REQUEST


def test_other_methods_and_types_are_refused(client: Client) -> None:
    assert client.put("/pki/ocsp", b"").status_code == 405
    assert client.get("/pki/ocsp").status_code == 405
    assert client.post("/pki/ocsp", b"x", content_type="text/plain").status_code == 415


def test_without_a_responder_verifiers_try_later(client: Client, settings: Any, caplog: Any) -> None:
    issuer = generation(1, at=now() - DAY)
    row = certify(issuer, at=now() - DAY)
    settings.KEYS_CREATE_MISSING = False
    found = post(client, plain(issuer, serial(row)))
    assert found.response_status == library.OCSPResponseStatus.TRY_LATER
    assert "No responder for generation 1 of user-authentication." in caplog.text


def test_an_ended_responder_answers_nothing() -> None:
    generation(1, at=now() - DAY)
    publication.publish(at=now())
    delegates.responder(USER_AUTHENTICATION, 1, at=now())
    with pytest.raises(delegates.NoResponder):
        delegates.responder(USER_AUTHENTICATION, 1, at=now() + delegates.LIFETIME)


def test_the_key_is_loaded_once_and_a_new_certificate_is_seen() -> None:
    generation(1, at=now() - DAY)
    publication.publish(at=now())
    first = delegates.responder(USER_AUTHENTICATION, 1, at=now())
    assert delegates.responder(USER_AUTHENTICATION, 1, at=now()) is first
    later = now() + delegates.LIFETIME * 0.6
    assert places.responder_certificate(USER_AUTHENTICATION, 1) in publication.publish(at=later)
    second = delegates.responder(USER_AUTHENTICATION, 1, at=later)
    assert second.certificate != first.certificate
    assert second.certificate.public_key() == first.certificate.public_key()


def test_two_generations_have_two_responders_keys() -> None:
    for number in (1, 2):
        generation(number, at=now() - DAY)
    publication.publish(at=now())
    keys = [delegates.responder(USER_AUTHENTICATION, n, at=now()).key.public_key() for n in (1, 2)]
    assert keys[0] != keys[1]


def test_nothing_of_a_request_is_logged(client: Client, caplog: Any, settings: Any) -> None:
    issuer = generation(1, at=now() - DAY)
    row = certify(issuer, at=now() - DAY)
    caplog.set_level(logging.DEBUG, logger="cards")
    caplog.set_level(logging.DEBUG, logger="status")
    data = plain(issuer, serial(row))
    get(client, data)
    post(client, data)
    settings.PKI_STATUS_OPEN = False
    assert get(client, data).status_code == 401  # which Django reports with the address
    text = base64.b64encode(data).decode()
    written = Formatter("{message}", style="{")
    said = " ".join(written.format(record) for record in caplog.records)
    assert "Unauthorized: pki/ocsp/<path:encoded>" in said
    assert row.serial not in said
    assert text not in said
    assert quote(text, safe="") not in said
