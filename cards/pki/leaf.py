"""A holder's certificate (RFC 5280, section 4.1), written by hand: millions of one kind differ in a few fields.

The library's builder makes an object of each extension and checks it anew for each certificate; the bytes are the same
(tests/cards/test_leaf.py), in a fifth of the time. What all certificates of a generation say alike is encoded once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cards.pki import der
from cards.pki.addresses import Addresses
from cards.pki.attributes import Attributes
from cards.pki.ocsp import SIGNATURES
from cards.pki.profiles import Profile, key_usage

HolderKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_AUTHORITY_KEY, _SUBJECT_KEY, _KEY_USAGE, _POLICIES = "2.5.29.35", "2.5.29.14", "2.5.29.15", "2.5.29.32"
_POINTS, _ACCESS, _EXTENDED_USAGE, _ALTERNATIVE_NAME = "2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.5.29.37", "2.5.29.17"
_COUNTRY, _COMMON_NAME = "2.5.4.6", "2.5.4.3"
_SET, _PRINTABLE_STRING, _UTF8_STRING, _ADDRESS = 0x31, 0x13, 0x0C, 0x86
_VERSION_3 = der.explicit(0, der.integer(2))

# Letters and digits that are not mistaken for one another, for the opaque names in subjects.
_NAME_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_NAME_LENGTH = 23


@dataclass(frozen=True, repr=False)
class Frame:
    """What every certificate of one generation of an authority says alike."""

    issuer: bytes
    algorithm: bytes
    authority_key: bytes
    usage: bytes
    extended_usage: bytes

    @classmethod
    def of(cls, profile: Profile, anchor: x509.Certificate) -> Frame:
        usage = key_usage(digital_signature=True, content_commitment=profile.content_commitment)
        policies = x509.CertificatePolicies([x509.PolicyInformation(profile.policy, None)])
        extended = b""
        if profile.extended_key_usage:
            extended = der.extension(_EXTENDED_USAGE, x509.ExtendedKeyUsage(profile.extended_key_usage).public_bytes())
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(anchor.public_key())  # type: ignore[arg-type]
        return cls(
            issuer=anchor.subject.public_bytes(),
            algorithm=der.sequence(der.oid(SIGNATURES[profile.authority_hash.name])),
            authority_key=der.extension(_AUTHORITY_KEY, identifier.public_bytes()),
            usage=der.extension(_KEY_USAGE, usage.public_bytes(), critical=True)
            + der.extension(_POLICIES, policies.public_bytes()),
            extended_usage=extended,
        )


def content(
    frame: Frame,
    *,
    serial: int,
    common_name: str,
    public_key: HolderKey,
    not_before: dt.datetime,
    not_after: dt.datetime,
    addresses: Addresses | None,
    shard: str,
    attributes: Attributes | None,
) -> bytes:
    """TBSCertificate, the bytes that the authority signs. Without addresses it does not say where its status is."""
    key = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    extensions = [frame.authority_key, _subject_key(key), frame.usage]
    if addresses is not None:
        extensions += [_distribution_point(addresses.revocation_list(shard)), _information_access(addresses)]
    extensions.append(frame.extended_usage)
    if attributes is not None:
        extensions.append(der.extension(_ALTERNATIVE_NAME, attributes.alternative_name()))
    return der.sequence(
        _VERSION_3,
        der.integer(serial),
        frame.algorithm,
        frame.issuer,
        der.sequence(der.time(not_before), der.time(not_after)),
        der.sequence(_COUNTRY_JP, _name(_COMMON_NAME, _UTF8_STRING, common_name)),
        key,
        der.explicit(3, der.sequence(*extensions)),
    )


def opaque_name() -> str:
    """A fresh name that tells nothing."""
    drawn, letters = secrets.randbelow(len(_NAME_ALPHABET) ** _NAME_LENGTH), ""
    for _ in range(_NAME_LENGTH):
        drawn, position = divmod(drawn, len(_NAME_ALPHABET))
        letters += _NAME_ALPHABET[position]
    return letters


def _subject_key(key: bytes) -> bytes:
    """The SHA-1 of the key's bits, as everyone names keys (RFC 5280, section 4.2.1.2)."""
    info = der.whole(key)
    info.take(der.SEQUENCE)
    digest = hashlib.sha1(info.take(der.BIT_STRING)[1:], usedforsecurity=False).digest()
    return der.extension(_SUBJECT_KEY, der.tlv(der.OCTET_STRING, digest))


def _distribution_point(address: str) -> bytes:
    name = der.explicit(0, der.explicit(0, der.tlv(_ADDRESS, address.encode("ascii"))))
    return der.extension(_POINTS, der.sequence(der.sequence(name)))


@lru_cache(maxsize=32)
def _information_access(addresses: Addresses) -> bytes:
    return der.extension(_ACCESS, addresses.information_access().public_bytes())


def _name(kind: str, tag: int, text: str) -> bytes:
    return der.tlv(_SET, der.sequence(der.oid(kind), der.tlv(tag, text.encode())))


_COUNTRY_JP = _name(_COUNTRY, _PRINTABLE_STRING, "JP")
