"""Answers signed ahead: the same as live ones, in files that are named as clients ask."""

from __future__ import annotations

import base64
import datetime as dt
from io import StringIO
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as library
from django.core.management import CommandError, call_command
from django.utils import timezone

from cards import places as published
from cards import publication, signing_ahead
from cards.models import Certificate
from cards.pki import ocsp
from cards.pki.authority import Authority
from tests.cards.certificates import certify, generation, serial
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("publishing")]
DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return timezone.now().replace(microsecond=0)


def answer(issuer: Authority, row: Certificate, algorithm: str = ocsp.SHA1) -> library.OCSPResponse:
    request = ocsp.plain_request(issuer.certificate, serial=serial(row), algorithm=algorithm)
    name = quote(base64.b64encode(request).decode(), safe="")
    return library.load_der_ocsp_response((published.signed_ahead() / name).read_bytes())


def test_every_unexpired_certificate_has_an_answer_by_each_hash() -> None:
    issuers = [generation(1, at=now() - DAY), generation(2, at=now() - DAY, suite="P-384")]
    rows = [(issuer, certify(issuer, at=now() - DAY)) for issuer in issuers]
    gone = certify(issuers[0], at=now() - DAY, revoked_at=now(), reason="superseded")
    certify(issuers[0], at=now() - 3 * DAY, until=now() - DAY)
    publication.publish(at=now())
    seen: list[tuple[int, int]] = []
    at = now()
    assert signing_ahead.sign_all(at=at, progress=lambda done, total: seen.append((done, total))) == 6
    assert seen == [(3, 3)]
    for issuer, row in rows:
        for algorithm in (ocsp.SHA1, ocsp.SHA256):
            found = answer(issuer, row, algorithm)
            assert found.certificate_status == library.OCSPCertStatus.GOOD
            assert (found.this_update_utc, found.next_update_utc) == (at, at + signing_ahead.LIFETIME)
            (certificate,) = found.certificates
            certificate.verify_directly_issued_by(issuer.certificate)
            key = certificate.public_key()
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(found.signature_hash_algorithm))
    assert answer(issuers[0], gone).certificate_status == library.OCSPCertStatus.REVOKED


def test_what_changed_is_signed_again_and_what_ended_goes() -> None:
    issuer = generation(1, at=now() - DAY)
    row, other = certify(issuer, at=now() - DAY), certify(issuer, at=now() - DAY, until=now() + DAY)
    publication.publish(at=now())
    signing_ahead.sign_all(at=now())
    Certificate.objects.filter(pk=row.pk).update(state="HELD", revoked_at=now(), reason="certificateHold")
    assert answer(issuer, row).certificate_status == library.OCSPCertStatus.GOOD
    assert signing_ahead.sign_changed(since=now() - dt.timedelta(minutes=2), at=now()) == 2
    assert answer(issuer, row).certificate_status == library.OCSPCertStatus.REVOKED
    assert answer(issuer, other).certificate_status == library.OCSPCertStatus.GOOD
    assert signing_ahead.sign_all(at=now() + 2 * DAY) == 2
    with pytest.raises(FileNotFoundError):
        answer(issuer, other)


def test_the_command_says_what_is_missing_and_what_it_did() -> None:
    issuer = generation(1, at=now() - DAY)
    certify(issuer, at=now() - DAY)
    with pytest.raises(CommandError, match="publish_status"):
        call_command("presign_ocsp", stdout=StringIO())
    out = StringIO()
    call_command("publish_status", stdout=out)
    call_command("presign_ocsp", stdout=out)
    assert "\n2 answers signed" in out.getvalue()
    call_command("presign_ocsp", changed=5, stdout=out)
    assert "\n0 answers signed" in out.getvalue()


def test_names_fit_into_a_file_system_and_are_no_paths() -> None:
    issuer = generation(1, at=now() - DAY)
    for number in (2**158 + n * 0xFBEFBE for n in range(300)):
        for algorithm in signing_ahead.HASHES:
            name = signing_ahead.name_of(ocsp.plain_request(issuer.certificate, serial=number, algorithm=algorithm))
            assert len(name) <= 255
            assert "/" not in name
