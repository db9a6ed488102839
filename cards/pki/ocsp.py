"""The Online Certificate Status Protocol (RFC 6960), from the responder's side: read a request, write an answer.

By hand, for the library knows requests and answers about one certificate only. A CertID is answered in kind: with the
very bytes that asked, so a caller who asked by SHA-1 finds SHA-1. Nonces are those of RFC 9654.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from enum import IntEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cards.pki import der
from cards.pki.der import NotDer, Reader

SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
_BASIC, _NONCE, _ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.1", "1.3.6.1.5.5.7.48.1.2", "1.3.6.1.5.5.7.48.1.6"
SIGNATURES = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3"}
_HASHES = {der.oid(SHA1): SHA1, der.oid(SHA256): SHA256}

# A request about one certificate has some 120 bytes; more than these are not read.
MAXIMUM_BYTES = 8192
MAXIMUM_CERTIFICATES = 32
NONCE_BYTES = range(1, 129)


class Failure(IntEnum):
    """OCSPResponseStatus: answers that are not signed (RFC 6960, section 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


class Malformed(ValueError):
    """Not an OCSP request, or one that the RFCs bid to refuse."""


@dataclass(frozen=True, slots=True, repr=False)
class CertId:
    """Which certificate is meant: its issuer by two hashes, and its serial. `raw` is what stood in the request."""

    raw: bytes
    issuer: tuple[str, bytes, bytes]
    serial: int


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """What a caller asks. The nonce is empty where there was none."""

    certificates: tuple[CertId, ...]
    nonce: bytes = b""


@dataclass(frozen=True, slots=True, repr=False)
class Status:
    """Good, unless `revoked_at` is set or it is `unknown`. `archive_cutoff`: since when ended certificates are kept."""

    unknown: bool = False
    revoked_at: dt.datetime | None = None
    reason: str = ""
    archive_cutoff: dt.datetime | None = None


@dataclass(frozen=True, repr=False)
class Responder:
    """A key, and the certificate by which the authority lets it answer for one of its generations."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    responder_id: bytes
    hash: hashes.SHA256 | hashes.SHA384
    tail: bytes
    algorithm: bytes

    @classmethod
    def of(
        cls, *, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, hash: hashes.SHA256 | hashes.SHA384
    ) -> Responder:
        """What is the same in each answer, made once. Raises ValueError if the two do not belong together."""
        if key.public_key() != certificate.public_key():
            raise ValueError("The responder's key and certificate do not belong together.")
        content = certificate.public_bytes(serialization.Encoding.DER)
        return cls(
            key=key,
            certificate=certificate,
            responder_id=der.explicit(2, der.tlv(der.OCTET_STRING, key_hash(certificate, "sha1"))),
            hash=hash,
            tail=der.explicit(0, der.sequence(content)),
            algorithm=der.sequence(der.oid(SIGNATURES[hash.name])),
        )


def parse(data: bytes) -> Request:
    """The request. A signature on it is not asked for and not looked at. Raises Malformed."""
    if len(data) > MAXIMUM_BYTES:
        raise Malformed
    try:
        request = der.whole(data)
        asked = request.inside(der.SEQUENCE)
        if request:
            request.take(0xA0)  # optionalSignature
        request.end()
        return _asked(asked)
    except NotDer:
        raise Malformed from None


def answer(
    responder: Responder,
    *,
    answers: list[tuple[CertId, Status]],
    at: dt.datetime,
    next_update: dt.datetime,
    nonce: bytes = b"",
) -> bytes:
    """A signed answer about all of them (RFC 6960, section 4.2.1)."""
    this_update = der.generalized_time(at)
    until = der.explicit(0, der.generalized_time(next_update))
    singles = b"".join(_single(certificate, status, this_update, until) for certificate, status in answers)
    extensions = b""
    if nonce:
        value = der.extension(_NONCE, der.tlv(der.OCTET_STRING, nonce))
        extensions = der.explicit(1, der.sequence(value))
    data = der.sequence(responder.responder_id, this_update, der.tlv(der.SEQUENCE, singles), extensions)
    signature = responder.key.sign(data, ec.ECDSA(responder.hash))
    basic = der.sequence(data, responder.algorithm, der.bit_string(signature), responder.tail)
    body = der.sequence(der.oid(_BASIC), der.tlv(der.OCTET_STRING, basic))
    return der.sequence(der.tlv(der.ENUMERATED, b"\x00"), der.explicit(0, body))


def failure(status: Failure) -> bytes:
    """An unsigned answer that only says why there is none."""
    return der.sequence(der.tlv(der.ENUMERATED, bytes([status])))


def plain_request(anchor: x509.Certificate, *, serial: int, algorithm: str) -> bytes:
    """The request about one certificate as every client writes it that sends no nonce (RFC 5019, section 2.1.1)."""
    name, key = issuer_hashes(anchor, algorithm)
    certificate = der.sequence(
        der.sequence(der.oid(algorithm), der.NULL_VALUE),
        der.tlv(der.OCTET_STRING, name),
        der.tlv(der.OCTET_STRING, key),
        der.integer(serial),
    )
    return der.sequence(der.sequence(der.sequence(der.sequence(certificate))))


def issuer_hashes(anchor: x509.Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """How a CertID names this issuer: the hash of its name and that of its key."""
    name = "sha1" if algorithm == SHA1 else "sha256"
    return hashlib.new(name, anchor.subject.public_bytes(), usedforsecurity=False).digest(), key_hash(anchor, name)


def key_hash(certificate: x509.Certificate, name: str) -> bytes:
    """The hash of the subjectPublicKey's bits, without tag and length."""
    info = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    outer = der.whole(info)
    outer.take(der.SEQUENCE)
    return hashlib.new(name, outer.take(der.BIT_STRING)[1:], usedforsecurity=False).digest()


def _asked(asked: Reader) -> Request:
    if asked.next_is(0xA0) and asked.inside(0xA0).integer() != 0:  # version
        raise Malformed
    if asked.next_is(0xA1):  # requestorName
        asked.take(0xA1)
    entries, certificates = asked.inside(der.SEQUENCE), []
    while entries:
        entry = entries.inside(der.SEQUENCE)
        certificates.append(_cert_id(entry.raw(der.SEQUENCE)))
        if entry:
            _read_extensions(entry.inside(0xA0))
        entry.end()
    if not 1 <= len(certificates) <= MAXIMUM_CERTIFICATES:
        raise Malformed
    nonce = _read_extensions(asked.inside(0xA2)) if asked else b""
    asked.end()
    return Request(tuple(certificates), nonce)


def _cert_id(raw: bytes) -> CertId:
    content = der.whole(raw)
    algorithm = content.inside(der.SEQUENCE)
    identifier = _HASHES.get(algorithm.raw(der.OID), "")
    if algorithm and algorithm.raw(der.NULL) != der.NULL_VALUE:
        raise Malformed
    algorithm.end()
    name, key = content.take(der.OCTET_STRING), content.take(der.OCTET_STRING)
    serial = content.integer()
    content.end()
    return CertId(raw, (identifier, name, key), serial)


def _read_extensions(outer: Reader) -> bytes:
    """The nonce, or nothing. What is critical and not known is refused; anything else is passed over."""
    nonce, entries = b"", outer.inside(der.SEQUENCE)
    outer.end()
    while entries:
        entry = entries.inside(der.SEQUENCE)
        identifier = entry.raw(der.OID)
        critical = entry.next_is(der.BOOLEAN) and entry.take(der.BOOLEAN) == b"\xff"
        value = entry.take(der.OCTET_STRING)
        entry.end()
        if identifier == der.oid(_NONCE):
            inner = Reader(value)
            nonce = inner.take(der.OCTET_STRING)
            inner.end()
            if len(nonce) not in NONCE_BYTES:
                raise Malformed  # RFC 9654, section 2.1
        elif critical:
            raise Malformed
    return nonce


def _single(certificate: CertId, status: Status, this_update: bytes, until: bytes) -> bytes:
    extensions = b""
    if status.archive_cutoff is not None:
        value = der.extension(_ARCHIVE_CUTOFF, der.generalized_time(status.archive_cutoff))
        extensions = der.explicit(1, der.sequence(value))
    return der.sequence(certificate.raw, _status(status), this_update, until, extensions)


def _status(status: Status) -> bytes:
    if status.unknown:
        return der.tlv(0x82, b"")
    if status.revoked_at is None:
        return der.tlv(0x80, b"")
    reason = b""
    if status.reason not in {"", "unspecified"}:
        reason = der.explicit(0, der.tlv(der.ENUMERATED, bytes([REASONS[status.reason]])))
    return der.tlv(0xA1, der.generalized_time(status.revoked_at) + reason)


# CRLReason (RFC 5280, section 5.3.1).
REASONS = {
    "unspecified": 0,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "removeFromCRL": 8,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}
