"""Certificate revocation lists (RFC 5280, section 5), complete or of one shard.

Written by hand: the library's builder makes an object of each entry and takes seven times as long; the bytes are the
same. A shard's list says in a critical issuingDistributionPoint which it is, so that no verifier takes it for another
or for the whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cards.pki import der
from cards.pki.authority import Authority
from cards.pki.ocsp import REASONS, SIGNATURES

_CRL_NUMBER, _REASON, _AUTHORITY_KEY, _DISTRIBUTION_POINT = "2.5.29.20", "2.5.29.21", "2.5.29.35", "2.5.29.28"


class Revoked(NamedTuple):
    """One entry. `reason` as in RFC 5280 (camel case); an unspecified one is left out, as the RFC asks."""

    serial: int
    at: dt.datetime
    reason: str

    def encoded(self) -> bytes:
        return encoded(f"{self.serial:x}", f"{self.at.astimezone(dt.UTC):%Y%m%d%H%M%SZ}", self.reason)


def sign(
    authority: Authority,
    *,
    entries: Iterable[bytes],
    number: int,
    this_update: dt.datetime,
    next_update: dt.datetime,
    distribution_point: str | None = None,
) -> bytes:
    """The signed list, in DER, of these entries (`encoded`).

    `distribution_point` is a shard's address; without one it is the complete list.
    `number` must rise from one list of a shard to the next.
    """
    anchor, algorithm = authority.certificate, authority.profile.authority_hash
    signed_with = der.sequence(der.oid(SIGNATURES[algorithm.name]))
    revoked = b"".join(entries)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    extensions = [
        der.extension(_AUTHORITY_KEY, identifier.public_bytes()),
        der.extension(_CRL_NUMBER, der.integer(number)),
    ]
    if distribution_point is not None:
        extensions.append(der.extension(_DISTRIBUTION_POINT, _shard(distribution_point), critical=True))
    content = der.sequence(
        der.integer(1),
        signed_with,
        anchor.subject.public_bytes(),
        der.time(this_update),
        der.time(next_update),
        der.tlv(der.SEQUENCE, revoked) if revoked else b"",
        der.explicit(0, der.sequence(*extensions)),
    )
    signature = authority.key.sign(content, ec.ECDSA(algorithm))
    return der.sequence(content, signed_with, der.bit_string(signature))


def number_of(each: x509.CertificateRevocationList) -> int:
    return each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def next_update(each: x509.CertificateRevocationList) -> dt.datetime:
    until = each.next_update_utc
    assert until is not None  # noqa: S101 - ours always say so
    return until


def encoded(serial: str, moment: str, reason: str) -> bytes:
    """An entry from texts as a database gives them: a serial in hexadecimal, a time as YYYYMMDDHHMMSSZ in UTC.

    Lists have a million of them, so nothing is made but the bytes.
    """
    number = bytes.fromhex(serial if len(serial) % 2 == 0 else f"0{serial}")
    if number[0] > 0x7F:
        number = b"\x00" + number
    when = _UTC_TIME + moment[2:].encode() if moment < "2050" else _GENERALIZED_TIME + moment.encode()
    rest = when + _REASON_EXTENSIONS[reason]
    return bytes((der.SEQUENCE, 2 + len(number) + len(rest), der.INTEGER, len(number))) + number + rest


def revoked_of(each: x509.CertificateRevocationList) -> bytes:
    """The entries of a list as they stand in it, one after the other."""
    content = der.whole(each.tbs_certlist_bytes)
    content.integer()
    content.take(der.SEQUENCE)
    content.take(der.SEQUENCE)
    for _ in ("thisUpdate", "nextUpdate"):
        content.take(der.UTC_TIME if content.next_is(der.UTC_TIME) else der.GENERALIZED_TIME)
    return content.take(der.SEQUENCE) if content.next_is(der.SEQUENCE) else b""


def entries_of(each: x509.CertificateRevocationList) -> set[Revoked]:
    """What stands on a list."""
    found = set()
    for entry in each:
        try:
            reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
        except x509.ExtensionNotFound:
            reason = "unspecified"
        found.add(Revoked(entry.serial_number, entry.revocation_date_utc, reason))
    return found


_REASON_EXTENSIONS = {
    reason: der.sequence(der.extension(_REASON, der.tlv(der.ENUMERATED, bytes([number]))))
    for reason, number in REASONS.items()
}
_REASON_EXTENSIONS["unspecified"] = b""
_UTC_TIME, _GENERALIZED_TIME = bytes((der.UTC_TIME, 13)), bytes((der.GENERALIZED_TIME, 15))


def _shard(address: str) -> bytes:
    point = x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(address)],
        relative_name=None,
        only_contains_user_certs=True,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    return point.public_bytes()
