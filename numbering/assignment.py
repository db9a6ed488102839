"""Individual Numbers by the three conditions of article 8(2) of the Number Act.

1. Different from every number ever issued, former ones included: a unique blind index over one table, and a retry.
2. Obtained by transforming the resident record code: HMAC-SHA256 of the code and a counter.
3. Without a regularity from which the code can be restored: the transformation is keyed and one-way, and what the
   11 digits leave out of its 256 bits is lost.

The counter starts at zero and goes on past every number that was ever issued, so that the same code after a change of
number gives a new one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef

from databases import REGISTRY
from keys import custody
from numbering import vault
from numbering.check_digits import individual_number_check_digit
from numbering.models import IndexKeys, IssuedNumber, NumberState
from residents.models import Resident

TRANSFORM = "number-transform"
_BODIES = 10**11
_DRAW_BITS = 37  # 2^37 is the next power of two above 10^11, so that 27 draws of a hundred are rejected
_MOST_TRIES = 1000

Progress = Callable[[int, int], None]


class NoNumberLeft(Exception):
    """A thousand counters in a row led to numbers that are taken: the table is full, or the key is wrong."""


def transform(record_code: str, counter: int) -> str | None:
    """The number that a record code and counter lead to, or None where the draw is rejected (the next counter then).

    The top 37 bits of the HMAC are a draw from 0 to 2^37 - 1; only draws below 10^11 count (and zero does not), so that
    every 11-digit body is equally likely.
    """
    mac = hmac.digest(custody.current(TRANSFORM).material, f"{record_code}/{counter}".encode(), hashlib.sha256)
    draw = int.from_bytes(mac[:8], "big") >> (64 - _DRAW_BITS)
    if not 0 < draw < _BODIES:  # twelve zeros are a number to no one
        return None
    body = f"{draw:011d}"
    return body + individual_number_check_digit(body)


def assign(*, resident: Resident, at: datetime) -> IssuedNumber:
    """The resident's current number, issued now if there is none. Two at once issue one."""
    with transaction.atomic(using=REGISTRY, durable=True):
        return issue_next(resident=resident, at=at)


def issue_next(*, resident: Resident, at: datetime) -> IssuedNumber:
    """As `assign`, inside the caller's transaction."""
    locked = Resident.objects.select_for_update().get(pk=resident.pk)
    current = IssuedNumber.objects.filter(resident=locked, state=NumberState.CURRENT).first()
    if current is not None:
        return current
    _issue([_Wish(locked.pk, locked.resident_record_code)], at=at)
    return IssuedNumber.objects.get(resident=locked, state=NumberState.CURRENT)


def assign_all(*, at: datetime, batch: int = 500, progress: Progress | None = None) -> int:
    """Give a number to every resident who has none and return how many this run issued. `progress(done, total)`.

    Each batch is one transaction: a run that was killed goes on with the next, several at once may run.
    Residents are taken in the order of their random ids, which tells nothing of the order of the register.
    """
    without = Resident.objects.exclude(Exists(IssuedNumber.objects.filter(resident=OuterRef("pk"), state="CURRENT")))
    total, done, issued = without.count(), 0, 0
    after: UUID | None = None
    while True:
        queue = without if after is None else without.filter(pk__gt=after)
        wishes = [_Wish(*row) for row in queue.order_by("pk").values_list("pk", "resident_record_code")[:batch]]
        if not wishes:
            return issued
        with transaction.atomic(using=REGISTRY, durable=True):
            issued += _issue(wishes, at=at)
        after = wishes[-1].resident_id
        done += len(wishes)
        if progress:
            progress(done, max(done, total))


@dataclass(slots=True)
class _Wish:
    """A resident who is to get a number: record code, and the counter to try next."""

    resident_id: UUID
    record_code: str
    counter: int = 0

    def __repr__(self) -> str:
        return "<Wish>"


def _issue(wishes: Sequence[_Wish], *, at: datetime) -> int:
    """Issue a number to each, in as many rounds as collisions need, and return how many were issued.

    The table's unique indexes decide, so that nothing can come between a look and the write: a row that meets a number
    ever issued, or a resident who got one from another process meanwhile, is left out by the database (ON CONFLICT DO
    NOTHING), and who is still without a number goes on along his counter.
    """
    keys = vault.index_keys(hold=True)
    issued, open_wishes = 0, list(wishes)
    for _ in range(_MOST_TRIES):
        rows = _draft(open_wishes, keys, at)
        IssuedNumber.objects.bulk_create(rows, ignore_conflicts=True)
        written = set(
            IssuedNumber.objects.filter(resident__in=[wish.resident_id for wish in open_wishes])
            .filter(state=NumberState.CURRENT)
            .values_list("id", "resident_id")
        )
        issued += len({row.id for row in rows} & {row_id for row_id, _ in written})
        served = {resident_id for _, resident_id in written}
        open_wishes = [wish for wish in open_wishes if wish.resident_id not in served]
        if not open_wishes:
            return issued
    raise NoNumberLeft


def _draw(wish: _Wish) -> str:
    """The next number along the resident's counter."""
    for _ in range(_MOST_TRIES):
        number = transform(wish.record_code, wish.counter)
        wish.counter += 1
        if number is not None:
            return number
    raise NoNumberLeft


def _draft(wishes: Iterable[_Wish], keys: IndexKeys, at: datetime) -> list[IssuedNumber]:
    rows = []
    for wish in wishes:
        row_id, number = uuid4(), _draw(wish)
        first, second = vault.indexes(number, keys)
        rows.append(
            IssuedNumber(
                id=row_id,
                resident_id=wish.resident_id,
                sealed=vault.seal(number, issued_number_id=row_id),
                blind_index=first,
                second_blind_index=second,
                assigned_at=at,
            )
        )
    # By index: an order that tells nothing, and the same for all who write at once, so that none waits in a circle.
    return sorted(rows, key=lambda row: bytes(row.blind_index))
