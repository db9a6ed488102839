"""Which certificates stand on which revocation list. Lists are for registered verifiers (JPKI Act, articles 18 and 37).

A certificate's shard is fixed at issue. The union of an authority's shards is always its complete list; `coverage`
says so, and whoever publishes asks it on every run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import starmap
from typing import Any

from cryptography import x509
from django.db.models import CharField, Func, QuerySet

from cards import authorities
from cards.models import Certificate
from cards.pki import crl


def unexpired_revoked(purpose: str, *, generation: int = 1, at: dt.datetime) -> QuerySet[Certificate]:
    """What a list under this key of the authority must hold now: revoked or on hold, and not yet expired."""
    issued = Certificate.objects.filter(purpose=purpose, generation=generation)
    # The same as "not valid" by the table's constraint, and what its partial index is made for.
    return issued.filter(revoked_at__isnull=False, not_after__gte=at).order_by("serial")


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
) -> bytes:
    """The complete list of one generation in DER, signed by its key, or a shard's, which is published at `address`."""
    return crl.sign(
        authorities.of_generation(purpose, generation),
        entries=encoded(purpose, generation=generation, shard=shard, at=at),
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


def encoded(purpose: str, *, generation: int = 1, shard: str | None = None, at: dt.datetime) -> Iterator[bytes]:
    """What the complete list, or a shard's, must say now, entry by entry."""
    rows = unexpired_revoked(purpose, generation=generation, at=at)
    if shard is not None:
        rows = rows.filter(shard=shard)
    found = rows.annotate(moment=_Moment("revoked_at")).values_list("serial", "moment", "reason")
    return starmap(crl.encoded, found.iterator(chunk_size=5000))


class _Moment(Func):
    """A time as YYYYMMDDHHMMSSZ, written by the database: a million of Python's own take a second to make."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "strftime('%%%%Y%%%%m%%%%d%%%%H%%%%M%%%%SZ', %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS"Z"')"""
        return self.as_sql(compiler, connection, template=template, **more)
