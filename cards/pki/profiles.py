"""Certificate profiles as data: what each kind of certificate says, and with which algorithms."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from cards.pki import oids

USER_AUTHENTICATION = "USER_AUTHENTICATION"
SIGNATURE = "SIGNATURE"

# O=JPKI-TEST: the look of a test hierarchy, never the name of the real one.
ORGANIZATION = "JPKI-TEST"
OPERATOR = "Model Agency for Local Authority Information Systems"


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
    rsa_bits: int
    authority_curve: ec.EllipticCurve
    authority_hash: hashes.SHA256 | hashes.SHA384
    authority_years: int = 10


PROFILES = {
    USER_AUTHENTICATION: Profile(
        purpose=USER_AUTHENTICATION,
        file_stem="user-authentication",
        authority_unit="JPKI-TEST for user authentication",
        policy=oids.POLICY_USER_AUTHENTICATION,
        content_commitment=False,
        extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
        with_attributes=False,
        rsa_bits=2048,
        authority_curve=ec.SECP256R1(),
        authority_hash=hashes.SHA256(),
    ),
    SIGNATURE: Profile(
        purpose=SIGNATURE,
        file_stem="signature",
        authority_unit="JPKI-TEST for digital signature",
        policy=oids.POLICY_SIGNATURE,
        content_commitment=True,
        extended_key_usage=(),
        with_attributes=True,
        rsa_bits=2048,
        authority_curve=ec.SECP256R1(),
        authority_hash=hashes.SHA256(),
    ),
}


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
