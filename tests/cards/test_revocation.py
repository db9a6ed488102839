"""Revocation lists: complete, in shards, and judged by OpenSSL."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from cards import lifecycle, revocation
from cards.models import Certificate
from cards.pki import keyfiles
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION
from tests.cards.people import NOW, in_use, person
from tests.residents.people import TARO
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]
DAY = dt.timedelta(days=1)


def _list(purpose: str, **options: object) -> x509.CertificateRevocationList:
    made = revocation.revocation_list(purpose, number=7, at=NOW, lifetime=DAY, **options)
    return x509.load_der_x509_crl(made)


def _serials(each: x509.CertificateRevocationList) -> set[str]:
    return {f"{entry.serial_number:x}" for entry in each}


def test_only_what_is_revoked_and_not_expired_is_listed() -> None:
    dead, alive = in_use(), in_use(person(TARO))
    lifecycle.report_lost(card=dead, at=NOW)
    row = dead.certificates.get(purpose=USER_AUTHENTICATION)
    each = _list(USER_AUTHENTICATION)
    assert _serials(each) == {row.serial}
    (entry,) = each
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason == x509.ReasonFlags.certificate_hold
    assert each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    assert alive.certificates.get(purpose=USER_AUTHENTICATION).serial not in _serials(each)
    later = row.not_after + DAY
    assert not revocation.unexpired_revoked(USER_AUTHENTICATION, at=later).exists()


def test_the_shards_together_are_the_whole() -> None:
    for details in (None, TARO):
        lifecycle.revoke(card=in_use(person(details) if details else None), at=NOW, by="clerk")
    for purpose in (USER_AUTHENTICATION, SIGNATURE):
        lists = [
            _list(purpose, shard=shard, address=f"https://pki.example/{shard}.crl")
            for shard in revocation.shards(purpose, at=NOW)
        ]
        assert revocation.coverage(purpose, lists, at=NOW)
        assert set.union(*map(_serials, lists)) == _serials(_list(purpose))
        assert not revocation.coverage(purpose, lists[1:], at=NOW)
        assert not revocation.coverage(purpose, [*lists, lists[0]], at=NOW)


def test_a_shards_list_says_which_it_is() -> None:
    lifecycle.revoke(card=in_use(), at=NOW, by="clerk")
    (shard,) = revocation.shards(SIGNATURE, at=NOW)
    assert shard == "132047"
    each = _list(SIGNATURE, shard=shard, address="https://pki.example/132047.crl")
    point = each.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert (point.critical, point.value.full_name[0].value) == (True, "https://pki.example/132047.crl")
    with pytest.raises(x509.ExtensionNotFound):
        _list(SIGNATURE).extensions.get_extension_for_class(x509.IssuingDistributionPoint)


def test_each_generation_signs_for_its_own(settings) -> None:
    old = in_use()
    keyfiles.create(settings.PKI_DIR, PROFILES[USER_AUTHENTICATION], generation=2, at=NOW)
    new = in_use(person(TARO))
    for card in (old, new):
        lifecycle.revoke(card=card, at=NOW, by="clerk")
    anchors = keyfiles.anchors(settings.PKI_DIR, PROFILES[USER_AUTHENTICATION])
    for generation, card in ((1, old), (2, new)):
        each = _list(USER_AUTHENTICATION, generation=generation)
        assert _serials(each) == {card.certificates.get(purpose=USER_AUTHENTICATION).serial}
        signed = [each.is_signature_valid(anchor.public_key()) for anchor in anchors]
        assert signed == [generation == 1, generation == 2]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_agrees(settings, tmp_path) -> None:
    dead, alive = in_use(), in_use(person(TARO))
    lifecycle.revoke(card=dead, at=NOW, by="clerk")
    lists = tmp_path / "complete.crl"
    lists.write_bytes(_list(USER_AUTHENTICATION).public_bytes(serialization.Encoding.PEM))
    anchor = settings.PKI_DIR / "user-authentication.1.cer"

    def verify(row: Certificate) -> str:
        leaf = tmp_path / "leaf.pem"
        certificate = x509.load_der_x509_certificate(bytes(row.der))
        leaf.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        command = ["openssl", "verify", "-x509_strict", "-crl_check", "-attime", str(int(NOW.timestamp()) + 60)]
        done = subprocess.run(
            [*command, "-CAfile", str(anchor), "-CRLfile", str(lists), str(leaf)], capture_output=True, text=True
        )
        return done.stdout + done.stderr

    assert "certificate revoked" in verify(dead.certificates.get(purpose=USER_AUTHENTICATION))
    assert verify(alive.certificates.get(purpose=USER_AUTHENTICATION)).endswith("OK\n")
