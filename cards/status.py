"""Whether a certificate is good, to whoever may ask (JPKI Act, articles 18 and 37), by RFC 6960 and RFC 5019.

The answer is read from the certificate's row at the moment of asking. One that was never issued is unknown; an issuer
that is not ours gets no answer. Rows are kept for ever, so an ended certificate is still answered for.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from cards import authorities, delegates
from cards.models import Certificate
from cards.pki import ocsp
from cards.pki.ocsp import Failure, Status
from cards.pki.profiles import PROFILES
from databases import REGISTRY
from databases.reading import fetch

# How long a verifier may rely on a live answer.
LIFETIME = dt.timedelta(minutes=10)

_log = logging.getLogger(__name__)
Issuer = tuple[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What goes out. Without `valid_until` it is a failure or answers a nonce: no cache may keep it."""

    body: bytes
    this_update: dt.datetime | None = None
    valid_until: dt.datetime | None = None


def answer(data: bytes, *, at: dt.datetime, allowed: Collection[str] = tuple(PROFILES)) -> Answer:
    """The answer to a request by somebody who may ask about these purposes."""
    at = at.replace(microsecond=0)
    try:
        request = ocsp.parse(data)
    except ocsp.Malformed:
        return _failed(Failure.MALFORMED_REQUEST)
    issuers = {issuer_of(certificate.issuer) for certificate in request.certificates}
    issuer = issuers.pop()
    # One answer has one signer, who speaks for one generation of one authority.
    if issuer is None or issuers or issuer[0] not in allowed:
        return _failed(Failure.UNAUTHORIZED)
    try:
        responder = delegates.responder(*issuer, at=at)
    except delegates.NoResponder:
        _log.error("No responder for generation %s of %s.", issuer[1], PROFILES[issuer[0]].file_stem)
        return _failed(Failure.TRY_LATER)
    found = statuses(*issuer, serials=(certificate.serial for certificate in request.certificates), at=at)
    never_issued = Status(unknown=True)
    body = ocsp.answer(
        responder,
        answers=[(certificate, found.get(certificate.serial, never_issued)) for certificate in request.certificates],
        at=at,
        next_update=at + LIFETIME,
        nonce=request.nonce,
    )
    return Answer(body) if request.nonce else Answer(body, at, at + LIFETIME)


def statuses(purpose: str, generation: int, *, serials: Iterable[int], at: dt.datetime) -> dict[int, Status]:
    """The statuses of those that were issued, by serial."""
    keys = [f"{serial:x}" for serial in serials if 0 < serial < 1 << 160]
    # By serial alone, which is unique; the issuer is compared below.
    found = fetch(REGISTRY, _query(len(keys)), keys) if keys else []
    since = authorities.anchor(purpose, generation).not_valid_before_utc
    return {
        int(serial, 16): Status(
            revoked_at=_instant(revoked_at) if revoked_at else None,
            reason=reason,
            archive_cutoff=since if _instant(not_after) < at else None,
        )
        for serial, *issuer, revoked_at, reason, not_after in found
        if issuer == [purpose, generation]
    }


@cache
def _query(count: int) -> str:
    """Written once by the mapper: to write it for each answer takes longer than all else together."""
    columns = ("serial", "purpose", "generation", "revoked_at", "reason", "not_after")
    rows = Certificate.objects.filter(serial__in=[str(number) for number in range(count)]).values_list(*columns)
    return str(rows.query.sql_with_params()[0])


def _instant(value: dt.datetime) -> dt.datetime:
    """SQLite's times come without the zone that they are in."""
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def issuer_of(named: tuple[str, bytes, bytes]) -> Issuer | None:
    """Which of our authorities a CertID names, or none. A generation made since this process began is found too."""
    directory = settings.PKI_DIR
    known = _issuers.get(directory, {})
    if named not in known:
        known = _issuers[directory] = _read_issuers()
    return known.get(named)


_issuers: dict[Path, dict[tuple[str, bytes, bytes], Issuer]] = {}


def _read_issuers() -> dict[tuple[str, bytes, bytes], Issuer]:
    return {
        (algorithm, *ocsp.issuer_hashes(authorities.anchor(purpose, generation), algorithm)): (purpose, generation)
        for purpose in PROFILES
        for generation in authorities.generations(purpose)
        for algorithm in (ocsp.SHA1, ocsp.SHA256)
    }


def _failed(status: Failure) -> Answer:
    return Answer(ocsp.failure(status))
