"""Whether a certificate is what its profile says, to the last extension. Each finding is the name of a broken rule.

Run with a throwaway key before an authority's key signs, and over everything that was issued. It knows our profiles;
what RFC 5280 asks of any certificate is pkilint's affair, in the tests and where the ceremony finds it installed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from cards.pki.addresses import Addresses
from cards.pki.profiles import Profile, key_usage

# A certificate ends on the fifth birthday after issue, which is at most five years and a leap day away.
_LONGEST_LEAF = dt.timedelta(days=5 * 365 + 3)
_ATTRIBUTES = 6


def leaf(
    certificate: x509.Certificate, *, profile: Profile, anchor: x509.Certificate, addresses: Addresses, shard: str
) -> list[str]:
    """The rules of the profile that a holder's certificate breaks."""
    return sorted({*_common(certificate, profile, anchor), *_leaf(certificate, profile, anchor, addresses, shard)})


def authority(certificate: x509.Certificate, *, profile: Profile) -> list[str]:
    """The rules that an authority's own certificate breaks."""
    return sorted({*_common(certificate, profile, certificate), *_authority(certificate, profile)})


def _common(certificate: x509.Certificate, profile: Profile, anchor: x509.Certificate) -> Iterator[str]:
    if certificate.version != x509.Version.v3:
        yield "version"
    if not 64 <= certificate.serial_number.bit_length() <= 159:
        yield "serial"
    if certificate.issuer != anchor.subject:
        yield "issuer"
    if not list(certificate.subject):
        yield "subject"
    if certificate.signature_hash_algorithm is None or (
        certificate.signature_hash_algorithm.name != profile.authority_hash.name
    ):
        yield "algorithm"
    try:
        certificate.verify_directly_issued_by(anchor)
    except (ValueError, TypeError, InvalidSignature):
        yield "signature"
    if certificate.not_valid_before_utc >= certificate.not_valid_after_utc:
        yield "validity"
    yield from _keys_are_named(certificate, anchor)


def _keys_are_named(certificate: x509.Certificate, anchor: x509.Certificate) -> Iterator[str]:
    extensions = certificate.extensions
    try:
        subject = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        issuer = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        of_anchor = anchor.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        yield "key-identifier"
        return
    if subject != x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()):
        yield "key-identifier"
    if issuer.key_identifier != of_anchor.digest:
        yield "key-identifier"


def _leaf(
    certificate: x509.Certificate, profile: Profile, anchor: x509.Certificate, addresses: Addresses, shard: str
) -> Iterator[str]:
    expected: dict[type[x509.ExtensionType], tuple[bool, x509.ExtensionType | None]] = {
        x509.AuthorityKeyIdentifier: (False, None),
        x509.SubjectKeyIdentifier: (False, None),
        x509.KeyUsage: (True, key_usage(digital_signature=True, content_commitment=profile.content_commitment)),
        x509.CertificatePolicies: (
            False,
            x509.CertificatePolicies([x509.PolicyInformation(profile.policy, None)]),
        ),
        x509.CRLDistributionPoints: (False, addresses.distribution_points(shard)),
        x509.AuthorityInformationAccess: (False, addresses.information_access()),
    }
    if profile.extended_key_usage:
        expected[x509.ExtendedKeyUsage] = (False, x509.ExtendedKeyUsage(profile.extended_key_usage))
    if profile.with_attributes:
        expected[x509.SubjectAlternativeName] = (False, None)
    yield from _extensions(certificate, expected)
    if [attribute.oid for attribute in certificate.subject] != [NameOID.COUNTRY_NAME, NameOID.COMMON_NAME]:
        yield "subject"
    if not profile.suite.is_suitable(certificate.public_key()):
        yield "key"
    length = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    if length > _LONGEST_LEAF or certificate.not_valid_after_utc > anchor.not_valid_after_utc:
        yield "validity"


def _authority(certificate: x509.Certificate, profile: Profile) -> Iterator[str]:
    yield from _extensions(
        certificate,
        {
            x509.BasicConstraints: (True, x509.BasicConstraints(ca=True, path_length=0)),
            x509.KeyUsage: (True, key_usage(authority=True)),
            x509.SubjectKeyIdentifier: (False, None),
            x509.AuthorityKeyIdentifier: (False, None),
        },
    )
    key = certificate.public_key()
    if getattr(getattr(key, "curve", None), "name", "") != profile.authority_curve.name:
        yield "key"
    years = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days / 365.25
    if round(years) != profile.authority_years:
        yield "validity"


def _extensions(
    certificate: x509.Certificate, expected: dict[type[x509.ExtensionType], tuple[bool, x509.ExtensionType | None]]
) -> Iterator[str]:
    """Exactly these extensions, each as critical as it should be and, where it is given, with this value."""
    present = {type(extension.value): extension for extension in certificate.extensions}
    if len(present) != len(list(certificate.extensions)) or set(present) != set(expected):
        yield "extensions"
    for kind, (critical, value) in expected.items():
        extension = present.get(kind)
        if extension is None:
            continue
        name = kind.oid._name
        if extension.critical != critical:
            yield f"critical:{name}"
        if value is not None and extension.value != value:
            yield f"value:{name}"
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names = list(extension.value)
            if len(names) != _ATTRIBUTES or not all(isinstance(each, x509.OtherName) for each in names):
                yield f"value:{name}"
