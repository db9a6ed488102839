"""Everything that was issued, looked at again: each certificate against its profile, its row, and the others.

Findings name a rule and a serial, never a holder. A certificate that our key signed but that no row knows cannot be
found here; sign-in and the responder do not know it either.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from cards import authorities, delegates, publication
from cards.models import Certificate
from cards.pki import lint, profiles
from cards.pki.keyfiles import NoAuthority
from cards.pki.profiles import PROFILES

Progress = Callable[[int, int], None]
_BATCH = 500


class Finding(NamedTuple):
    """A broken rule, and where: a serial, or an authority's generation."""

    rule: str
    where: str


def check(*, at: dt.datetime, progress: Progress | None = None) -> list[Finding]:
    """All findings; none is what it should be."""
    return [*_authorities(at=at), *_certificates(progress)]


def _authorities(*, at: dt.datetime) -> Iterator[Finding]:
    for purpose, profile in PROFILES.items():
        for generation in authorities.generations(purpose):
            where = f"{profile.file_stem}.{generation}"
            anchor = authorities.anchor(purpose, generation)
            for rule in lint.authority(anchor, profile=profiles.of_anchor(profile, anchor)):
                yield Finding(rule, where)
            if not publication.is_published(purpose, generation):
                yield Finding("not-published", where)
            elif not publication.is_covered(purpose, generation, at=at):
                yield Finding("coverage", where)
            try:
                delegates.responder(purpose, generation, at=at)
            except delegates.NoResponder:
                yield Finding("responder", where)


def _certificates(progress: Progress | None) -> Iterator[Finding]:
    total = Certificate.objects.count()
    keys: dict[bytes, str] = {}
    for number, row in enumerate(Certificate.objects.order_by("pk").iterator(_BATCH), 1):
        for rule in _row(row, keys):
            yield Finding(rule, row.serial)
        if progress is not None:
            progress(number, total)


def _row(row: Certificate, keys: dict[bytes, str]) -> Iterator[str]:
    try:
        certificate = x509.load_der_x509_certificate(bytes(row.der))
        certificate.extensions  # noqa: B018 - parsed only when asked for
        anchor = authorities.anchor(row.purpose, row.generation)
    except (ValueError, NoAuthority, FileNotFoundError):
        yield "unreadable"
        return
    yield from lint.leaf(
        certificate,
        profile=profiles.of_anchor(PROFILES[row.purpose], anchor),
        anchor=anchor,
        addresses=authorities.addresses(row.purpose, row.generation),
        shard=row.shard,
    )
    if f"{certificate.serial_number:x}" != row.serial:
        yield "row:serial"
    if (certificate.not_valid_before_utc, certificate.not_valid_after_utc) != (row.not_before, row.not_after):
        yield "row:validity"
    if row.revoked_at is not None and row.revoked_at < row.not_before:
        yield "row:revoked-before-issue"
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if keys.setdefault(hashlib.sha256(public).digest(), row.serial) != row.serial:
        yield "key-in-two-certificates"
