"""OpenSSL's verdict on certificates, lists and answers, of every generation: the same as ours, right and wrong."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.utils import timezone

from cards import places as published
from cards import publication, status
from cards.models import Certificate
from cards.pki.authority import Authority
from cards.pki.profiles import SIGNATURE, USER_AUTHENTICATION
from tests.cards.certificates import certify, generation, parsed
from tests.support import DATABASES

pytestmark = [
    DATABASES,
    pytest.mark.usefixtures("publishing"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]
DAY = dt.timedelta(days=1)
GENERATIONS = [(1, "RSA-2048"), (2, "RSA-2048"), (3, "P-384")]


def openssl(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def pem(path: Path, thing: x509.Certificate | x509.CertificateRevocationList) -> Path:
    path.write_bytes(thing.public_bytes(serialization.Encoding.PEM))
    return path


class Scene(NamedTuple):
    """One generation with a certificate in each state, and the files that OpenSSL reads."""

    issuer: Authority
    anchor: Path
    rows: dict[str, Certificate]
    leaves: dict[str, Path]


def scene(directory: Path, purpose: str, number: int, suite: str) -> Scene:
    now = timezone.now().replace(microsecond=0)
    issuer = generation(number, at=now - 9 * DAY, purpose=purpose, suite=suite)
    rows = {
        "good": certify(issuer, at=now - DAY),
        "revoked": certify(issuer, at=now - DAY, revoked_at=now - DAY / 2, reason="keyCompromise"),
        "held": certify(issuer, at=now - DAY, revoked_at=now - DAY / 2, reason="certificateHold"),
        "expired": certify(issuer, at=now - 3 * DAY, until=now - DAY),
    }
    stem = f"{purpose}-{number}"
    leaves = {name: pem(directory / f"{stem}-{name}.pem", parsed(row)) for name, row in rows.items()}
    return Scene(issuer, pem(directory / f"{stem}-ca.pem", issuer.certificate), rows, leaves)


@pytest.mark.parametrize("purpose", [USER_AUTHENTICATION, SIGNATURE])
@pytest.mark.parametrize(("number", "suite"), GENERATIONS)
@pytest.mark.parametrize("shape", ["complete", "shard"])
def test_verify_with_lists(tmp_path: Path, purpose: str, number: int, suite: str, shape: str) -> None:
    found = scene(tmp_path, purpose, number, suite)
    publication.publish(at=timezone.now())
    expected = {
        "good": "OK",
        "revoked": "certificate revoked",
        "held": "certificate revoked",
        "expired": "certificate has expired",
    }
    for name, words in expected.items():
        shard = "complete" if shape == "complete" else found.rows[name].shard
        path = published.revocation_list(purpose, number, shard)
        if not path.exists():  # the shard of the expired one alone
            assert name == "expired"
            path = published.revocation_list(purpose, number, "complete")
        options = ["-x509_strict", "-crl_check", "-extended_crl", "-CAfile", found.anchor, "-CRLfile"]
        code, said = openssl("verify", *options, path, found.leaves[name])
        assert words in said, (name, said)
        assert (code == 0) == (name == "good")


def test_another_shards_list_proves_nothing(tmp_path: Path) -> None:
    now = timezone.now().replace(microsecond=0)
    issuer = generation(1, at=now - DAY, purpose=SIGNATURE)
    row, _ = certify(issuer, at=now - DAY), certify(issuer, at=now - DAY, municipality="132080")
    publication.publish(at=now)
    anchor, leaf = pem(tmp_path / "ca.pem", issuer.certificate), pem(tmp_path / "leaf.pem", parsed(row))
    for shard, right in (("132047", True), ("132080", False)):
        path = published.revocation_list(SIGNATURE, 1, shard)
        code, said = openssl("verify", "-crl_check", "-extended_crl", "-CAfile", anchor, "-CRLfile", path, leaf)
        assert (code == 0) == right
        assert right or "different CRL scope" in said


@pytest.mark.parametrize(("number", "suite"), GENERATIONS)
def test_crl(tmp_path: Path, number: int, suite: str) -> None:
    found = scene(tmp_path, SIGNATURE, number, suite)
    other = pem(tmp_path / "other.pem", generation(9, at=timezone.now(), purpose=SIGNATURE).certificate)
    publication.publish(at=timezone.now())
    path = published.revocation_list(SIGNATURE, number, "complete")
    code, said = openssl("crl", "-inform", "DER", "-in", path, "-CAfile", found.anchor, "-noout", "-text")
    assert (code, "verify OK" in said) == (0, True)
    for name, row in found.rows.items():
        assert (row.serial.upper() in said.replace(":", "")) == (name in {"revoked", "held"})
    assert "Key Compromise" in said
    assert "Certificate Hold" in said
    code, said = openssl("crl", "-inform", "DER", "-in", path, "-CAfile", other, "-noout")
    assert "verify OK" not in said


@pytest.mark.parametrize("purpose", [USER_AUTHENTICATION, SIGNATURE])
@pytest.mark.parametrize(("number", "suite"), GENERATIONS)
@pytest.mark.parametrize("hash_option", ["-sha1", "-sha256"])
@pytest.mark.parametrize("nonce_option", ["-nonce", "-no_nonce"])
def test_ocsp(tmp_path: Path, purpose: str, number: int, suite: str, hash_option: str, nonce_option: str) -> None:
    """OpenSSL writes the request and judges the answer: signer, times, nonce, and what it says."""
    found = scene(tmp_path, purpose, number, suite)
    publication.publish(at=timezone.now())
    expected = {"good": ": good", "revoked": ": revoked", "held": ": revoked", "expired": ": good"}
    for name, words in expected.items():
        code, said = ask(tmp_path, found, nonce_option, hash_option, "-cert", found.leaves[name])
        assert code == 0
        assert "Response verify OK" in said
        assert words in said, (name, said)
        assert "WARNING" not in said
        assert ("keyCompromise" in said) == (name == "revoked")
        assert ("certificateHold" in said) == (name == "held")
    code, said = ask(tmp_path, found, nonce_option, hash_option, "-serial", "0x1234")
    assert "Response verify OK" in said
    assert ": unknown" in said


def ask(directory: Path, found: Scene, *options: str | Path) -> tuple[int, str]:
    nonce_option, *rest = options
    request, answer = directory / "request.der", directory / "answer.der"
    code, said = openssl("ocsp", "-issuer", found.anchor, *rest, nonce_option, "-reqout", request)
    assert code == 0, said
    answer.write_bytes(status.answer(request.read_bytes(), at=timezone.now()).body)
    if nonce_option == "-nonce":  # the nonce is compared with that of the request, but then no summary is printed
        read = ["-reqin", request, "-resp_text"]
    else:
        read = ["-issuer", found.anchor, *rest, "-no_nonce"]
    return openssl("ocsp", *read, "-respin", answer, "-CAfile", found.anchor)


def test_openssl_misses_the_nonce(tmp_path: Path) -> None:
    """The instrument itself: an answer to another request is seen."""
    found = scene(tmp_path, SIGNATURE, 1, "RSA-2048")
    publication.publish(at=timezone.now())
    leaf = found.leaves["good"]
    requests = [tmp_path / "one.der", tmp_path / "two.der"]
    for request in requests:
        openssl("ocsp", "-issuer", found.anchor, "-cert", leaf, "-nonce", "-reqout", request)
    answer = tmp_path / "answer.der"
    answer.write_bytes(status.answer(requests[0].read_bytes(), at=timezone.now()).body)
    said = [openssl("ocsp", "-reqin", each, "-respin", answer, "-CAfile", found.anchor)[1] for each in requests]
    assert "Response verify OK" in said[0]
    assert "Nonce Verify error" in said[1]


def test_ocsp_refuses_an_answer_by_another_generation(tmp_path: Path) -> None:
    found = scene(tmp_path, SIGNATURE, 1, "RSA-2048")
    other = scene(tmp_path, SIGNATURE, 2, "RSA-2048")
    publication.publish(at=timezone.now())
    request, answer = tmp_path / "request.der", tmp_path / "answer.der"
    leaf = other.leaves["good"]
    openssl("ocsp", "-issuer", other.anchor, "-cert", leaf, "-no_nonce", "-reqout", request)
    answer.write_bytes(status.answer(request.read_bytes(), at=timezone.now()).body)
    question = ["-issuer", other.anchor, "-cert", leaf, "-no_nonce", "-respin", answer]
    assert "Response verify OK" in openssl("ocsp", *question, "-CAfile", other.anchor)[1]
    assert "Response Verify Failure" in openssl("ocsp", *question, "-CAfile", found.anchor)[1]


def test_ocsp_finds_no_answer_from_a_foreign_issuer(tmp_path: Path) -> None:
    found = scene(tmp_path, SIGNATURE, 1, "RSA-2048")
    foreign = tmp_path / "foreign.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "k",
            "-subj", "/O=JPKI-TEST", "-out", foreign)  # fmt: skip
    publication.publish(at=timezone.now())
    request, answer = tmp_path / "request.der", tmp_path / "answer.der"
    openssl("ocsp", "-issuer", foreign, "-cert", found.leaves["good"], "-reqout", request)
    answer.write_bytes(status.answer(request.read_bytes(), at=timezone.now()).body)
    assert "unauthorized" in openssl("ocsp", "-respin", answer, "-CAfile", found.anchor)[1]
