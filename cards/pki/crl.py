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


def build(
    authority: Authority,
    *,
    entries: Iterable[Revoked],
    number: int,
    this_update: dt.datetime,
    next_update: dt.datetime,
    distribution_point: str | None = None,
) -> x509.CertificateRevocationList:
    """The signed list. `distribution_point` is the shard's address; None makes the complete list.

    `number` must rise from one list of a shard to the next.
    """
    anchor, algorithm = authority.certificate, authority.profile.authority_hash
    signed_with = der.sequence(der.oid(SIGNATURES[algorithm.name]))
    revoked = b"".join(map(_entry, entries))
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
    return x509.load_der_x509_crl(der.sequence(content, signed_with, der.bit_string(signature)))


def number_of(each: x509.CertificateRevocationList) -> int:
    return each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def next_update(each: x509.CertificateRevocationList) -> dt.datetime:
    until = each.next_update_utc
    assert until is not None  # noqa: S101 - ours always say so
    return until


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


def _entry(revoked: Revoked) -> bytes:
    return der.sequence(der.integer(revoked.serial), der.time(revoked.at), _REASON_EXTENSIONS[revoked.reason])


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
