"""Certificate revocation lists (RFC 5280, section 5), complete or of one shard.

Built from a list in one go: the library's `add_revoked_certificate` copies all entries at each call. A shard's list
says in a critical issuingDistributionPoint which it is, so that no verifier takes it for another or for the whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509

from cards.pki.authority import Authority


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
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder(
            issuer_name=authority.certificate.subject,
            last_update=this_update.replace(microsecond=0),
            next_update=next_update.replace(microsecond=0),
            revoked_certificates=[_entry(revoked) for revoked in entries],
        )
        .add_extension(identifier, critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if distribution_point is not None:
        builder = builder.add_extension(_shard(distribution_point), critical=True)
    return builder.sign(authority.key, authority.profile.authority_hash)


def _entry(revoked: Revoked) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(revoked.serial)
        .revocation_date(revoked.at.replace(microsecond=0))
    )
    if revoked.reason != "unspecified":
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(revoked.reason)), critical=False)
    return builder.build()


def _shard(address: str) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(address)],
        relative_name=None,
        only_contains_user_certs=True,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
