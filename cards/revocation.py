"""Which certificates stand on which revocation list. Lists are for registered verifiers (JPKI Act, articles 18 and 37).

A certificate's shard is fixed at issue. The union of an authority's shards is always its complete list; `coverage`
says so, and whoever publishes asks it on every run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from cryptography import x509
from django.db.models import QuerySet

from cards import authorities
from cards.models import Certificate
from cards.pki import crl


def unexpired_revoked(purpose: str, *, generation: int = 1, at: dt.datetime) -> QuerySet[Certificate]:
    """What a list under this key of the authority must hold now: revoked or on hold, and not yet expired."""
    issued = Certificate.objects.filter(purpose=purpose, generation=generation)
    gone = issued.exclude(state=Certificate.State.VALID)
    return gone.filter(not_after__gte=at).order_by("serial")


def shards(purpose: str, *, generation: int = 1, at: dt.datetime) -> list[str]:
    """The shards that have anything to tell."""
    return sorted(set(unexpired_revoked(purpose, generation=generation, at=at).values_list("shard", flat=True)))


def revocation_list(
    purpose: str,
    *,
    generation: int = 1,
    number: int,
    at: dt.datetime,
    lifetime: dt.timedelta,
    shard: str | None = None,
    address: str = "",
) -> x509.CertificateRevocationList:
    """The complete list of one generation, signed by its key, or a shard's, which is published under `address`."""
    return crl.build(
        authorities.of_generation(purpose, generation),
        entries=entries(purpose, generation=generation, shard=shard, at=at),
        number=number,
        this_update=at,
        next_update=at + lifetime,
        distribution_point=address if shard is not None else None,
    )


def coverage(
    purpose: str, lists: list[x509.CertificateRevocationList], *, generation: int = 1, at: dt.datetime
) -> bool:
    """Whether these lists together hold exactly the unexpired revoked certificates: none missing, none too many."""
    listed = [entry.serial_number for each in lists for entry in each]
    rows = unexpired_revoked(purpose, generation=generation, at=at)
    wanted = {int(serial, 16) for serial in rows.values_list("serial", flat=True)}
    return len(listed) == len(wanted) and set(listed) == wanted


def entries(purpose: str, *, generation: int = 1, shard: str | None = None, at: dt.datetime) -> Iterator[crl.Revoked]:
    """What the complete list, or a shard's, must say now."""
    rows = unexpired_revoked(purpose, generation=generation, at=at)
    if shard is not None:
        rows = rows.filter(shard=shard)
    for serial, revoked_at, reason in rows.values_list("serial", "revoked_at", "reason").iterator():
        assert revoked_at is not None  # noqa: S101 - for the type checker; the table's constraint says so
        yield crl.Revoked(int(serial, 16), revoked_at, reason)
