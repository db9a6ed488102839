"""The two authorities: what their certificates say, and what a verifier accepts. OpenSSL judges them too."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from cards.pki import authority, keyfiles, oids, verification
from cards.pki.addresses import Addresses
from cards.pki.attributes import Attributes, era_date
from cards.pki.authority import Publication
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION, Profile, with_suite
from tests.cards.chips import der, subject_text

NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
LATER = dt.datetime(2031, 4, 15, 14, 59, 59, tzinfo=dt.UTC)
HANAKO = Attributes(name="山田　花子", birth_date="1990-04-15", sex="2", address="東京都調布市小島町２－３５－１")
AUTH, SIGN = PROFILES[USER_AUTHENTICATION], PROFILES[SIGNATURE]


@cache
def holder_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def leaf(directory: Path, profile: Profile, *, generation: int = 1) -> x509.Certificate:
    return keyfiles.create(directory, profile, generation=generation, at=NOW).issue(
        public_key=holder_key().public_key(),
        not_before=NOW,
        not_after=LATER,
        attributes=HANAKO if profile.with_attributes else None,
        publication=Publication(Addresses("http://pki.example", profile.file_stem, generation), lambda serial: "007"),
    )


def test_the_user_authentication_certificate_holds_no_personal_data(tmp_path) -> None:
    certificate = leaf(tmp_path, AUTH)
    content = der(certificate)
    for word in ("山田", "花子", "調布", "1990", "132080"):
        assert word.encode() not in content
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.digital_signature, usage.value.content_commitment) == (True, True, False)


def test_the_signature_certificate_holds_the_attributes_in_the_cards_order(tmp_path) -> None:
    certificate = leaf(tmp_path, SIGN)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = [(n.type_id.dotted_string.rsplit(".", 1)[1], n.value[2:].decode()) for n in names]
    assert found == [
        ("1", HANAKO.name), ("4", "419900415"), ("3", "2"), ("5", HANAKO.address), ("2", "00000"),
        ("6", "0" * len(HANAKO.address)),
    ]  # fmt: skip
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert "山田" not in subject_text(certificate)


def test_nothing_claims_to_be_the_real_authority(tmp_path) -> None:
    for profile in (AUTH, SIGN):
        certificate = leaf(tmp_path, profile)
        assert "O=JPKI-TEST" in certificate.issuer.rfc4514_string()
        assert not profile.policy.dotted_string.startswith("1.2.392")
        assert der(certificate)[:2] == b"\x30\x82"  # OpenSC reads the length from here


def test_serials_and_subjects_are_random(tmp_path) -> None:
    one, two = leaf(tmp_path, AUTH), leaf(tmp_path, SIGN)
    assert one.serial_number != two.serial_number
    assert one.subject != two.subject
    for _ in range(1000):
        assert 0 < authority.new_serial().bit_length() <= 159


@pytest.mark.parametrize(
    ("birth_date", "text"),
    [
        ("2024-02-10", "520240210"),
        ("1990-04-15", "419900415"),
        ("1980-02-17", "319800217"),
        ("1911-01-01", "119110101"),
        ("1990-04", "019900400"),
        ("1990", "019900000"),
    ],
)
def test_birth_dates_by_era(birth_date: str, text: str) -> None:
    assert era_date(birth_date) == text


def test_keys_are_private_files_and_made_once(tmp_path) -> None:
    first = keyfiles.create(tmp_path, AUTH, generation=1, at=NOW)
    again = keyfiles.create(tmp_path, AUTH, generation=1, at=NOW)
    assert first.certificate == again.certificate
    assert (tmp_path / "user-authentication.1.key").stat().st_mode & 0o777 == 0o600
    assert keyfiles.current(tmp_path, AUTH).key is keyfiles.current(tmp_path, AUTH).key  # parsed once
    with pytest.raises(keyfiles.NoAuthority):
        keyfiles.current(tmp_path, SIGN)


def test_verifying_needs_no_key(tmp_path) -> None:
    certificate = leaf(tmp_path, AUTH)
    (tmp_path / "user-authentication.1.key").unlink()
    assert verification.is_issued_by(certificate, keyfiles.anchors(tmp_path, AUTH))


def test_the_chain_is_found_by_signature_not_by_name(tmp_path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    certificate, forged = leaf(ours, AUTH), leaf(theirs, AUTH)
    assert certificate.issuer == forged.issuer
    anchors = keyfiles.anchors(ours, AUTH)
    assert verification.is_issued_by(certificate, anchors)
    assert not verification.is_issued_by(forged, anchors)


def test_generations_bear_one_name_and_all_verify(tmp_path) -> None:
    old, new = leaf(tmp_path, AUTH), leaf(tmp_path, AUTH, generation=2)
    assert keyfiles.current(tmp_path, AUTH).generation == 2
    anchors = keyfiles.anchors(tmp_path, AUTH)
    assert anchors[0].subject == anchors[1].subject
    assert verification.is_issued_by(old, anchors)
    assert verification.is_issued_by(new, anchors)
    assert not verification.is_issued_by(new, anchors[:1])


def test_the_two_kinds_are_not_interchangeable(tmp_path) -> None:
    authentication, signature = leaf(tmp_path, AUTH), leaf(tmp_path, SIGN)
    verification.check_profile(authentication, AUTH)
    verification.check_profile(signature, SIGN)
    for certificate, profile in ((authentication, SIGN), (signature, AUTH)):
        assert not verification.is_issued_by(certificate, keyfiles.anchors(tmp_path, profile))
        with pytest.raises(verification.NotForThis):
            verification.check_profile(certificate, profile)
    with pytest.raises(verification.NotForThis):
        verification.check_profile(keyfiles.anchors(tmp_path, AUTH)[0], AUTH)


@pytest.mark.parametrize(
    "change",
    [{"policy": SIGN.policy}, {"content_commitment": True}, {"extended_key_usage": ()}],
    ids=["policy", "key usage", "extended key usage"],
)
def test_each_part_of_a_profile_counts(tmp_path, change: dict[str, object]) -> None:
    certificate = leaf(tmp_path, dataclasses.replace(AUTH, **change))
    assert verification.is_issued_by(certificate, keyfiles.anchors(tmp_path, AUTH))
    with pytest.raises(verification.NotForThis):
        verification.check_profile(certificate, AUTH)


def test_dates(tmp_path) -> None:
    certificate = leaf(tmp_path, AUTH)
    verification.check_dates(certificate, at=LATER)
    for at in (LATER + dt.timedelta(seconds=1), NOW - dt.timedelta(seconds=1)):
        with pytest.raises(verification.OutOfDate):
            verification.check_dates(certificate, at=at)


@pytest.mark.parametrize("junk", [b"", b"\x30\x82", b"junk", b"\x30" * 9000])
def test_junk_is_not_a_certificate(junk: bytes) -> None:
    with pytest.raises(verification.NotTrusted):
        verification.parse(junk)


def test_a_certificate_with_bytes_behind_it_is_not_one(tmp_path) -> None:
    content = der(leaf(tmp_path, AUTH))
    verification.parse(content)
    for changed in (content + b"\x00", content[:-1], content[:100]):
        with pytest.raises(verification.NotTrusted):
            verification.parse(changed)


def test_only_the_strict_encoding_of_a_signature_is_right(tmp_path) -> None:
    certificate, key = leaf(tmp_path, AUTH), holder_key()
    good = key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    assert verification.signature_is_right(certificate, signature=good, message=b"message")
    assert not verification.signature_is_right(certificate, signature=good, message=b"massage")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"message")
    value = digest.finalize()
    without_null = bytes.fromhex("302f300b06096086480165030402010420") + value
    numbers = key.private_numbers()
    size = key.key_size // 8
    for info in (without_null, bytes.fromhex("3031300d060960864801650304020105000420") + value):
        block = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
        signature = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")
        right = verification.signature_is_right(certificate, signature=signature, message=b"message")
        assert right == (info is not without_null)
    other = key.sign(value, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    assert other == good
    pss = key.sign(b"message", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    assert not verification.signature_is_right(certificate, signature=pss, message=b"message")


@pytest.mark.parametrize("size", [1024, 3072])
def test_only_the_profiles_keys_are_certified(tmp_path, size: int) -> None:
    issuing = keyfiles.create(tmp_path, AUTH, generation=1, at=NOW)
    key = rsa.generate_private_key(public_exponent=65537, key_size=size).public_key()
    with pytest.raises(authority.UnsuitableKey):
        issuing.issue(public_key=key, not_before=NOW, not_after=LATER, attributes=None)


def test_attributes_stand_only_where_they_belong(tmp_path) -> None:
    key = holder_key().public_key()
    for profile, attributes in ((AUTH, HANAKO), (SIGN, None)):
        issuing = keyfiles.create(tmp_path, profile, generation=1, at=NOW)
        with pytest.raises(ValueError, match="signature certificates"):
            issuing.issue(public_key=key, not_before=NOW, not_after=LATER, attributes=attributes)


def test_the_authorities_keys_are_p256() -> None:
    assert all(isinstance(p.authority_curve, ec.SECP256R1) for p in PROFILES.values())
    assert oids.POLICY_SIGNATURE != oids.POLICY_USER_AUTHENTICATION


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(("profile", "other"), [(AUTH, SIGN), (SIGN, AUTH)], ids=["authentication", "signature"])
def test_openssl_agrees(tmp_path, profile: Profile, other: Profile) -> None:
    path = tmp_path / "leaf.pem"
    path.write_bytes(leaf(tmp_path, profile).public_bytes(serialization.Encoding.PEM))
    keyfiles.create(tmp_path, other, generation=1, at=NOW)

    def verify(stem: str, *options: str) -> int:
        anchor = tmp_path / f"{stem}.1.cer"
        command = ["openssl", "verify", "-x509_strict", "-attime", str(int(NOW.timestamp()) + 60), *options]
        return subprocess.run([*command, "-CAfile", str(anchor), str(path)], capture_output=True).returncode

    assert verify(profile.file_stem) == 0
    assert verify(other.file_stem) != 0
    assert verify(other.file_stem, "-partial_chain") != 0


def test_a_certificate_says_where_its_status_is(tmp_path) -> None:
    extensions = leaf(tmp_path, SIGN, generation=2).extensions
    (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [name.value for name in point.full_name] == ["http://pki.example/pki/signature/2/007.crl"]
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [(d.access_method._name, d.access_location.value) for d in access] == [
        ("OCSP", "http://pki.example/pki/ocsp"),
        ("caIssuers", "http://pki.example/pki/signature/2/ca.cer"),
    ]


def test_the_shard_follows_from_the_serial_that_the_certificate_gets(tmp_path) -> None:
    asked: list[int] = []

    def shard_of(serial: int) -> str:
        asked.append(serial)
        return f"{serial % 64:03}"

    certificate = keyfiles.create(tmp_path, AUTH, generation=1, at=NOW).issue(
        public_key=holder_key().public_key(),
        not_before=NOW,
        not_after=LATER,
        attributes=None,
        publication=Publication(Addresses("http://pki.example", AUTH.file_stem, 1), shard_of),
    )
    assert asked == [certificate.serial_number]


def test_the_next_suite_is_chosen_by_data_and_told_from_the_generation(tmp_path) -> None:
    old = keyfiles.create(tmp_path, AUTH, generation=1, at=NOW)
    keyfiles.create(tmp_path, with_suite(AUTH, "P-384"), generation=2, at=NOW)
    issuing = keyfiles.current(tmp_path, AUTH)
    assert (old.profile.suite.name, issuing.profile.suite.name) == ("RSA-2048", "P-384")
    key = ec.generate_private_key(ec.SECP384R1())
    certificate = issuing.issue(public_key=key.public_key(), not_before=NOW, not_after=LATER, attributes=None)
    assert certificate.signature_hash_algorithm.name == "sha384"
    assert verification.is_issued_by(certificate, keyfiles.anchors(tmp_path, AUTH))
    verification.check_profile(certificate, AUTH)
    signature = key.sign(b"message", ec.ECDSA(hashes.SHA384()))
    assert verification.signature_is_right(certificate, signature=signature, message=b"message")
    assert not verification.signature_is_right(certificate, signature=signature, message=b"massage")
    weak = key.sign(b"message", ec.ECDSA(hashes.SHA256()))
    assert not verification.signature_is_right(certificate, signature=weak, message=b"message")
    for wrong in (holder_key().public_key(), ec.generate_private_key(ec.SECP256R1()).public_key()):
        with pytest.raises(authority.UnsuitableKey):
            issuing.issue(public_key=wrong, not_before=NOW, not_after=LATER, attributes=None)
    with pytest.raises(authority.UnsuitableKey):
        old.issue(public_key=key.public_key(), not_before=NOW, not_after=LATER, attributes=None)
