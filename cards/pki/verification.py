"""Whether a certificate was issued by our authority for this purpose (RFC 5280, section 6, for two flat hierarchies).

Only signature, purpose and dates are judged here. Whether it has been revoked is for the register of certificates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cards.pki.profiles import Profile

# Ours have about 1.3 KB; more than this is not read at all.
MAXIMUM_BYTES = 8192


class NotTrusted(Exception):
    """The certificate is none of this authority's."""


class NotForThis(Exception):
    """The certificate is not of the kind that this purpose asks for."""


class OutOfDate(Exception):
    """The certificate is not valid yet, or no longer."""


def parse(der: bytes) -> x509.Certificate:
    """Raises NotTrusted for bytes that are not one whole certificate."""
    if len(der) > MAXIMUM_BYTES:
        raise NotTrusted
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.extensions  # noqa: B018 - parsed only when asked for; a broken one must fail here
        certificate.public_key()
    except Exception:  # the parser's errors have no common class; whatever it dislikes is not ours
        raise NotTrusted from None
    return certificate


def is_issued_by(certificate: x509.Certificate, anchors: Iterable[x509.Certificate]) -> bool:
    """Whether one of these keys signed it. The same name in another authority's certificate proves nothing."""
    for anchor in anchors:
        try:
            certificate.verify_directly_issued_by(anchor)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def check_profile(certificate: x509.Certificate, profile: Profile) -> None:
    """keyUsage, extended key usage and policy, all as the profile says. Raises NotForThis."""
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        policies = extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        raise NotForThis from None
    if not usage.digital_signature or usage.content_commitment != profile.content_commitment or usage.key_cert_sign:
        raise NotForThis
    if [policy.policy_identifier for policy in policies] != [profile.policy]:
        raise NotForThis
    try:
        extended = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        extended = set()
    if extended != set(profile.extended_key_usage):
        raise NotForThis


def check_dates(certificate: x509.Certificate, *, at: dt.datetime) -> None:
    """Raises OutOfDate."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise OutOfDate


def signature_is_right(certificate: x509.Certificate, *, signature: bytes, message: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017) in the one strict encoding; ECDSA with SHA-384 by a P-384 key."""
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp384r1":
            key.verify(signature, message, ec.ECDSA(hashes.SHA384()))
        else:
            return False
    except InvalidSignature:
        return False
    return True
