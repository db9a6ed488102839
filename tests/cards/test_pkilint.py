"""What pkilint, which nobody here wrote, says of everything that the authorities sign; first, that it finds defects.

Nothing is accepted: no finding of severity WARNING or above. (NOTICE and INFO always come: that a validity is long,
that a name is in UTF8String.)
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cards.pki import crl, keyfiles, ocsp
from cards.pki.addresses import Addresses
from cards.pki.authority import Authority, Publication, new_serial
from cards.pki.profiles import PROFILES, SIGNATURE, SUITES, USER_AUTHENTICATION, key_usage, with_suite
from tests.cards.certificates import ATTRIBUTES, holder_key

TOOLS = Path(sys.executable).parent
NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
EVERY = [(purpose, suite) for purpose in (USER_AUTHENTICATION, SIGNATURE) for suite in SUITES]

pytestmark = pytest.mark.skipif(not (TOOLS / "lint_pkix_cert").exists(), reason="pkilint is not installed")


def findings(content: bytes, tool: str, *options: str) -> int:
    """How many findings of severity WARNING or above: the tool's exit code."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "subject"
        path.write_bytes(content)
        command = [str(TOOLS / tool), "lint", *options, "-s", "WARNING", str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert "Traceback" not in done.stderr, done.stderr
        if done.returncode:
            print(done.stdout)
        return done.returncode


def certificate_findings(certificate: x509.Certificate) -> int:
    return findings(certificate.public_bytes(serialization.Encoding.PEM), "lint_pkix_cert")


def list_findings(each: x509.CertificateRevocationList) -> int:
    return findings(each.public_bytes(serialization.Encoding.PEM), "lint_crl", "-t", "CRL", "-p", "PKIX")


@cache
def authority(purpose: str, suite: str) -> Authority:
    with TemporaryDirectory() as directory:
        return keyfiles.create(Path(directory), with_suite(PROFILES[purpose], suite), generation=1, at=NOW)


@cache
def leaf(purpose: str, suite: str) -> x509.Certificate:
    issuer = authority(purpose, suite)
    return issuer.issue(
        public_key=holder_key(suite),
        not_before=NOW,
        not_after=NOW + 5 * 365 * DAY,
        attributes=ATTRIBUTES if issuer.profile.with_attributes else None,
        publication=Publication(Addresses("http://pki.example.com", issuer.profile.file_stem, 1), lambda serial: "007"),
    )


def responder(purpose: str, suite: str) -> ocsp.Responder:
    issuer = authority(purpose, suite)
    key = ec.generate_private_key(issuer.profile.authority_curve)
    certificate = issuer.delegate(key.public_key(), not_before=NOW, not_after=NOW + 14 * DAY)
    return ocsp.Responder.of(key=key, certificate=certificate, hash=issuer.profile.authority_hash)


def rebuilt(
    *,
    without: type[x509.ExtensionType] | None = None,
    flip: type[x509.ExtensionType] | None = None,
    usage: bool = False,
) -> x509.Certificate:
    """The leaf with a defect: an extension left out or of the wrong criticality, or the right to sign others."""
    good = leaf(USER_AUTHENTICATION, "RSA-2048")
    issuer = authority(USER_AUTHENTICATION, "RSA-2048")
    builder = x509.CertificateBuilder(
        good.issuer, good.subject, good.public_key(), new_serial(), good.not_valid_before_utc, good.not_valid_after_utc
    )
    for extension in good.extensions:
        value, critical = extension.value, extension.critical
        if without is not None and isinstance(value, without):
            continue
        if flip is not None and isinstance(value, flip):
            critical = not critical
        if usage and isinstance(value, x509.KeyUsage):
            value = key_usage(authority=True)
        builder = builder.add_extension(value, critical)
    return builder.sign(issuer.key, issuer.profile.authority_hash)


def test_the_instrument_is_quiet_about_the_same_certificate_rebuilt() -> None:
    assert certificate_findings(rebuilt()) == 0


@pytest.mark.parametrize("without", [x509.AuthorityKeyIdentifier, x509.SubjectKeyIdentifier])
def test_the_instrument_misses_what_is_missing(without: type[x509.ExtensionType]) -> None:
    assert certificate_findings(rebuilt(without=without)) > 0


@pytest.mark.parametrize("flip", [x509.KeyUsage, x509.AuthorityInformationAccess, x509.CRLDistributionPoints])
def test_the_instrument_sees_a_wrong_criticality(flip: type[x509.ExtensionType]) -> None:
    assert certificate_findings(rebuilt(flip=flip)) > 0


def test_the_instrument_sees_a_leaf_that_signs_certificates() -> None:
    assert certificate_findings(rebuilt(usage=True)) > 0


def test_the_instrument_sees_a_list_without_its_number() -> None:
    issuer = authority(SIGNATURE, "RSA-2048")
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, NOW, NOW + DAY)
    assert list_findings(builder.sign(issuer.key, issuer.profile.authority_hash)) > 0


def test_the_instrument_sees_an_answer_that_ends_before_it_begins() -> None:
    assert answer_findings(SIGNATURE, "RSA-2048", next_update=NOW - DAY) > 0


def answer_findings(purpose: str, suite: str, *, next_update: dt.datetime = NOW + DAY) -> int:
    issuer = authority(purpose, suite)
    answers = []
    for algorithm in (ocsp.SHA1, ocsp.SHA256):
        asked = ocsp.parse(ocsp.plain_request(issuer.certificate, serial=5, algorithm=algorithm)).certificates[0]
        for status in (
            ocsp.Status(),
            ocsp.Status(unknown=True),
            ocsp.Status(revoked_at=NOW, reason="superseded"),
            ocsp.Status(archive_cutoff=NOW),
        ):
            answers.append((asked, status))
    body = ocsp.answer(responder(purpose, suite), answers=answers, at=NOW, next_update=next_update, nonce=b"n" * 32)
    return findings(body, "lint_ocsp_response")


@pytest.mark.parametrize(("purpose", "suite"), EVERY)
def test_a_leaf(purpose: str, suite: str) -> None:
    assert certificate_findings(leaf(purpose, suite)) == 0


@pytest.mark.parametrize(("purpose", "suite"), EVERY)
def test_an_authority(purpose: str, suite: str) -> None:
    assert certificate_findings(authority(purpose, suite).certificate) == 0


@pytest.mark.parametrize(("purpose", "suite"), EVERY)
def test_a_responder(purpose: str, suite: str) -> None:
    assert certificate_findings(responder(purpose, suite).certificate) == 0


@pytest.mark.parametrize(("purpose", "suite"), EVERY)
def test_an_answer(purpose: str, suite: str) -> None:
    assert answer_findings(purpose, suite) == 0


@pytest.mark.parametrize("point", [None, "http://pki.example.com/pki/signature/1/007.crl"], ids=["complete", "shard"])
@pytest.mark.parametrize("suite", list(SUITES))
def test_a_list(suite: str, point: str | None) -> None:
    entries = [crl.Revoked(n + 1, NOW, reason).encoded() for n, reason in enumerate(("unspecified", "certificateHold"))]
    each = x509.load_der_x509_crl(
        crl.sign(
            authority(SIGNATURE, suite),
            entries=entries,
            number=1,
            this_update=NOW,
            next_update=NOW + DAY,
            distribution_point=point,
        )
    )
    assert list_findings(each) == 0
