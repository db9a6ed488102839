"""The vault of Individual Numbers: seal, open, and the blind index by which a number is found and kept unique.

Only this room imports it. A sealed number is AES-256-GCM, bound to its row. The index is an HMAC under a key from
custody: without the key, not even a full list of all numbers finds one in the table. No number appears in an error.
"""

from __future__ import annotations

from uuid import UUID

from django.db import connections
from django.db.models import Q

from databases import REGISTRY
from keys import custody, sealing
from numbering.check_digits import is_individual_number
from numbering.models import IndexKeys, IssuedNumber

SEAL = "number-seal"
INDEX = "number-index"


class NotANumber(ValueError):
    """The value is not a well-formed Individual Number. The message never repeats it."""

    def __str__(self) -> str:
        return "Not an Individual Number: twelve digits with the right check digit."


def seal(number: str, *, issued_number_id: UUID) -> bytes:
    """The number, sealed for one row. Raises NotANumber."""
    return sealing.seal(SEAL, _checked(number).encode(), context=_context(issued_number_id))


def open_number(issued: IssuedNumber) -> str:
    """The number of a row. Raises keys.sealing.CannotOpen when it was sealed for another row, or damaged."""
    return sealing.open_sealed(SEAL, bytes(issued.sealed), context=_context(issued.id)).decode()


def index_keys(*, hold: bool = False) -> IndexKeys:
    """Which keys the two index columns are made with now.

    With `hold` (inside a transaction) a rotation cannot begin or end before the transaction does; others who only hold
    do not wait for each other. SQLite's one writer at a time gives the same.
    """
    if hold and connections[REGISTRY].vendor == "postgresql":
        with connections[REGISTRY].cursor() as cursor:
            cursor.execute("SELECT 1 FROM numbering_indexkeys WHERE id = 1 FOR SHARE")
    found = IndexKeys.objects.filter(pk=1).first()
    if found is not None:
        return found
    first, made = IndexKeys.objects.get_or_create(pk=1, defaults={"first_key": custody.current(INDEX).id})
    return first if made or not hold else index_keys(hold=True)


def index(number: str, key_id: int) -> bytes:
    """The blind index of a number under one key. Raises NotANumber."""
    return sealing.keyed_hash(INDEX, _checked(number), key_id=key_id)


def indexes(number: str, keys: IndexKeys) -> tuple[bytes, bytes | None]:
    """What the two index columns of this number hold; the second one only while the key is being changed."""
    second = None if keys.second_key is None else index(number, keys.second_key)
    return index(number, keys.first_key), second


def holding(pair: tuple[bytes, bytes | None]) -> Q:
    """The row of a number with these indexes, current or former.

    Both columns are asked for both values: the second may have become the first since the indexes were computed.
    """
    values = [value for value in pair if value is not None]
    return Q(blind_index__in=values) | Q(second_blind_index__in=values)


def find(number: str) -> IssuedNumber | None:
    """The row of a number, current or former, or None. Raises NotANumber."""
    return IssuedNumber.objects.filter(holding(indexes(number, index_keys()))).first()


def _checked(number: str) -> str:
    if not is_individual_number(number):
        raise NotANumber
    return number


def _context(issued_number_id: UUID) -> str:
    return f"numbering.IssuedNumber.sealed:{issued_number_id}"
