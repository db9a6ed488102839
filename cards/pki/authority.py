"""A certification authority: a key, its self-signed certificate, and the certificates that it signs.

Two flat authorities without anything between (JPKI Act, chapters 2-1 and 2-2): a leaf verifies only under its own.
Several generations of an authority's key bear one name, so a chain is found by signature, never by name alone.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cards.pki import der, leaf
from cards.pki.addresses import Addresses
from cards.pki.attributes import Attributes
from cards.pki.leaf import HolderKey
from cards.pki.profiles import OPERATOR, ORGANIZATION, Profile, key_usage


class UnsuitableKey(ValueError):
    """The holder's public key is not of the profile's kind."""


@dataclass(frozen=True)
class Publication:
    """Where verifiers find a certificate's status. Its shard follows from the serial and is fixed at issue."""

    addresses: Addresses
    shard_of: Callable[[int], str]


@dataclass(frozen=True, repr=False)
class Authority:
    """One generation of an authority, ready to sign."""

    profile: Profile
    generation: int
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(
        self,
        *,
        public_key: HolderKey,
        not_before: dt.datetime,
        not_after: dt.datetime,
        attributes: Attributes | None,
        publication: Publication | None = None,
    ) -> x509.Certificate:
        """A holder's certificate by the profile, parsed. Raises UnsuitableKey."""
        _, content = self.sign(
            public_key=public_key,
            not_before=not_before,
            not_after=not_after,
            attributes=attributes,
            publication=publication,
        )
        return x509.load_der_x509_certificate(content)

    def sign(
        self,
        *,
        public_key: HolderKey,
        not_before: dt.datetime,
        not_after: dt.datetime,
        attributes: Attributes | None,
        publication: Publication | None = None,
    ) -> tuple[int, bytes]:
        """The serial and the DER of a holder's certificate by the profile. Raises UnsuitableKey.

        The serial is random and the subject a fresh opaque name: neither tells anything, and the two
        certificates of one card have nothing in common.
        """
        profile = self.profile
        if not profile.suite.is_suitable(public_key):
            raise UnsuitableKey(f"The key is not of the kind that suite {profile.suite.name} certifies.")
        if (attributes is not None) != profile.with_attributes:
            raise ValueError("Attributes stand in signature certificates, and only there.")
        serial = new_serial()
        content = leaf.content(
            self._frame,
            serial=serial,
            common_name=leaf.opaque_name(),
            public_key=public_key,
            not_before=not_before,
            not_after=not_after,
            addresses=publication.addresses if publication is not None else None,
            shard=publication.shard_of(serial) if publication is not None else "",
            attributes=attributes,
        )
        signature = self.key.sign(content, ec.ECDSA(profile.authority_hash))
        return serial, der.sequence(content, self._frame.algorithm, der.bit_string(signature))

    @cached_property
    def _frame(self) -> leaf.Frame:
        return leaf.Frame.of(self.profile, self.certificate)

    def delegate(
        self, public_key: ec.EllipticCurvePublicKey, *, not_before: dt.datetime, not_after: dt.datetime
    ) -> x509.Certificate:
        """The certificate of a responder for this generation alone (RFC 6960, section 4.2.2.2).

        With id-pkix-ocsp-nocheck nobody asks whether it has been revoked: it must be short-lived.
        """
        unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, self.profile.authority_unit)
        name = x509.NameAttribute(NameOID.COMMON_NAME, f"Status responder, generation {self.generation}")
        subject = x509.Name([*_organization(), unit, name])
        return (
            x509.CertificateBuilder()
            .serial_number(new_serial())
            .issuer_name(self.certificate.subject)
            .subject_name(subject)
            .public_key(public_key)
            .not_valid_before(not_before.replace(microsecond=0))
            .not_valid_after(not_after.replace(microsecond=0))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
            .add_extension(x509.OCSPNoCheck(), critical=False)
            .sign(self.key, self.profile.authority_hash)
        )


def new_serial() -> int:
    """A positive random serial of at most 159 bits (RFC 5280, section 4.1.2.2: 20 octets with sign)."""
    return secrets.randbits(158) | 1 << 158


def self_signed(profile: Profile, key: ec.EllipticCurvePrivateKey, *, at: dt.datetime) -> x509.Certificate:
    """The authority's own certificate, the anchor that verifiers trust."""
    start = at.replace(microsecond=0)
    name = x509.Name(
        [
            *_organization(),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, profile.authority_unit),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, OPERATOR),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .serial_number(new_serial())
        .issuer_name(name)
        .subject_name(name)
        .public_key(key.public_key())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=365 * profile.authority_years + profile.authority_years // 4))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, profile.authority_hash)
    )


def _organization() -> list[x509.NameAttribute[str]]:
    return [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
    ]
