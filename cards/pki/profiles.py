"""Certificate profiles as data: what each kind of certificate says, and with which algorithms.

What a certificate says is its `Profile`; with what it is signed, and which keys it may hold, is a `Suite`. A suite is
chosen for a whole generation of an authority's key, and told from that generation's certificate for ever after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from cards.pki import oids

USER_AUTHENTICATION = "USER_AUTHENTICATION"
SIGNATURE = "SIGNATURE"

# O=JPKI-TEST: the look of a test hierarchy, never the name of the real one.
ORGANIZATION = "JPKI-TEST"
OPERATOR = "Model Agency for Local Authority Information Systems"


@dataclass(frozen=True, eq=False)
class Suite:
    """The algorithms of one generation: the authority's own, and those of the holders' keys."""

    name: str
    authority_curve: ec.EllipticCurve
    authority_hash: hashes.SHA256 | hashes.SHA384
    rsa_bits: int | None
    holder_curve: ec.EllipticCurve | None

    def is_suitable(self, key: object) -> bool:
        """Whether a holder's public key is of the one kind that this suite certifies."""
        if isinstance(key, rsa.RSAPublicKey):
            return key.key_size == self.rsa_bits and key.public_numbers().e == 65537
        if isinstance(key, ec.EllipticCurvePublicKey):
            return self.holder_curve is not None and key.curve.name == self.holder_curve.name
        return False


# Cards in use hold RSA-2048 keys (JPKI Act operation rules, article 2); the cards to come are announced with P-384.
SUITES = {
    suite.name: suite
    for suite in (
        Suite("RSA-2048", ec.SECP256R1(), hashes.SHA256(), rsa_bits=2048, holder_curve=None),
        Suite("P-384", ec.SECP384R1(), hashes.SHA384(), rsa_bits=None, holder_curve=ec.SECP384R1()),
    )
}
TODAY = SUITES["RSA-2048"]


@dataclass(frozen=True, eq=False)
class Profile:
    """One kind of certificate. `with_attributes`: the holder's four attributes stand in it (signature only)."""

    purpose: str
    file_stem: str
    authority_unit: str
    policy: x509.ObjectIdentifier
    content_commitment: bool
    extended_key_usage: tuple[x509.ObjectIdentifier, ...]
    with_attributes: bool
    suite: Suite = TODAY
    authority_years: int = 10

    @property
    def authority_curve(self) -> ec.EllipticCurve:
        return self.suite.authority_curve

    @property
    def authority_hash(self) -> hashes.SHA256 | hashes.SHA384:
        return self.suite.authority_hash


PROFILES = {
    USER_AUTHENTICATION: Profile(
        purpose=USER_AUTHENTICATION,
        file_stem="user-authentication",
        authority_unit="JPKI-TEST for user authentication",
        policy=oids.POLICY_USER_AUTHENTICATION,
        content_commitment=False,
        extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
        with_attributes=False,
    ),
    SIGNATURE: Profile(
        purpose=SIGNATURE,
        file_stem="signature",
        authority_unit="JPKI-TEST for digital signature",
        policy=oids.POLICY_SIGNATURE,
        content_commitment=True,
        extended_key_usage=(),
        with_attributes=True,
    ),
}


@cache
def with_suite(profile: Profile, name: str) -> Profile:
    """The same profile with other algorithms. Raises KeyError for a suite that there is not."""
    suite = SUITES[name]
    return profile if profile.suite is suite else replace(profile, suite=suite)


def of_anchor(profile: Profile, anchor: x509.Certificate) -> Profile:
    """The profile with the suite of the generation that this certificate is of."""
    key = anchor.public_key()
    curve = key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else ""
    return next((with_suite(profile, s.name) for s in SUITES.values() if s.authority_curve.name == curve), profile)


def key_usage(
    *, digital_signature: bool = False, content_commitment: bool = False, authority: bool = False
) -> x509.KeyUsage:
    """keyUsage (RFC 5280, section 4.2.1.3) with everything else false."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
