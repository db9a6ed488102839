"""A certificate written by hand has the very bytes that the library's builder would write."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards.pki import keyfiles, leaf, oids
from cards.pki.addresses import Addresses
from cards.pki.attributes import Attributes, era_date
from cards.pki.authority import Authority, Publication
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION, key_usage, with_suite

NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
SHARD = "132047"
KEYS = {
    "RSA-2048": rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key(),
    "P-384": ec.generate_private_key(ec.SECP384R1()).public_key(),
}
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=200)


def by_the_library(authority: Authority, made: x509.Certificate, publication, attributes) -> bytes:
    """The same content from the library's builder."""
    profile, public_key = authority.profile, made.public_key()
    builder = (
        x509.CertificateBuilder()
        .serial_number(made.serial_number)
        .issuer_name(authority.certificate.subject)
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
                    *made.subject.get_attributes_for_oid(NameOID.COMMON_NAME),
                ]
            )
        )
        .public_key(public_key)
        .not_valid_before(made.not_valid_before_utc)
        .not_valid_after(made.not_valid_after_utc)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(key_usage(digital_signature=True, content_commitment=profile.content_commitment), critical=True)
        .add_extension(x509.CertificatePolicies([x509.PolicyInformation(profile.policy, None)]), critical=False)
    )
    if publication is not None:
        builder = builder.add_extension(publication.addresses.distribution_points(SHARD), critical=False)
        builder = builder.add_extension(publication.addresses.information_access(), critical=False)
    if profile.extended_key_usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(profile.extended_key_usage), critical=False)
    if attributes is not None:
        values = [
            (oids.NAME, attributes.name),
            (oids.BIRTH_DATE, era_date(attributes.birth_date)),
            (oids.SEX, attributes.sex),
            (oids.ADDRESS, attributes.address),
            (oids.NAME_SUBSTITUTES, "0" * len(attributes.name)),
            (oids.ADDRESS_SUBSTITUTES, "0" * len(attributes.address)),
        ]
        names = [x509.OtherName(identifier, _utf8(text)) for identifier, text in values]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority.key, profile.authority_hash).tbs_certificate_bytes


def _utf8(text: str) -> bytes:
    content = text.encode()
    length = len(content)
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return b"\x0c" + (bytes([length]) if length < 128 else bytes([0x80 | len(octets)]) + octets) + content


@pytest.mark.parametrize("suite", ["RSA-2048", "P-384"])
@pytest.mark.parametrize("purpose", [USER_AUTHENTICATION, SIGNATURE])
@pytest.mark.parametrize("is_published", [True, False])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXT, address=TEXT, days=st.integers(1, 20_000))
def test_the_bytes_are_the_builders(
    tmp_path: Path, purpose: str, suite: str, is_published: bool, name: str, address: str, days: int
) -> None:
    profile = with_suite(PROFILES[purpose], suite)
    authority = keyfiles.create(tmp_path, profile, generation=1, at=NOW)
    publication = Publication(Addresses("https://pki.example", profile.file_stem, 1), lambda serial: SHARD)
    attributes = Attributes(name=name, birth_date="1990-04-15", sex="2", address=address)
    given_ = {
        "publication": publication if is_published else None,
        "attributes": attributes if profile.with_attributes else None,
    }
    made = authority.issue(public_key=KEYS[suite], not_before=NOW, not_after=NOW + dt.timedelta(days=days), **given_)
    assert made.tbs_certificate_bytes == by_the_library(authority, made, **given_)
    made.verify_directly_issued_by(authority.certificate)


def test_opaque_names_are_long_and_never_the_same() -> None:
    names = {leaf.opaque_name() for _ in range(1000)}
    assert len(names) == 1000
    assert {len(name) for name in names} == {23}
    assert {*"".join(names)} == {*"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"}
