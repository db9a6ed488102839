"""Change of the blind index's key, while numbers go on being issued.

Begin: the second column gets the new key, and every new number both indexes. Fill: old rows get the second index, in
batches, each a transaction. End, when none is left: the second column becomes the first in one statement. A run that
was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import F

from databases import REGISTRY
from keys import custody
from numbering import vault
from numbering.models import IndexKeys, IssuedNumber

Progress = Callable[[int, int], None]


def rotate_index(*, batch: int = 500, progress: Progress | None = None) -> int:
    """Bring every index under a new key and return how many rows this run wrote. `progress(done, total)`."""
    _begin()
    left = IssuedNumber.objects.filter(second_blind_index=None)
    total, done = left.count(), 0
    while written := _fill(batch):
        done += written
        if progress:
            progress(done, total)
    _end()
    return done


def _begin() -> None:
    vault.index_keys()
    with transaction.atomic(using=REGISTRY, durable=True):
        keys = IndexKeys.objects.select_for_update().get(pk=1)
        if keys.second_key is not None:
            return
        newest = custody.current(vault.INDEX).id
        # A key made beforehand (all processes must have it) is used; otherwise one is made now.
        keys.second_key = newest if newest > keys.first_key else custody.create(vault.INDEX)
        keys.save()


def _fill(batch: int) -> int:
    with transaction.atomic(using=REGISTRY, durable=True):
        keys = vault.index_keys(hold=True)
        if keys.second_key is None:  # another run ended the change meanwhile
            return 0
        rows = list(IssuedNumber.objects.select_for_update().filter(second_blind_index=None).order_by("id")[:batch])
        for row in rows:
            row.second_blind_index = vault.index(vault.open_number(row), keys.second_key)
        IssuedNumber.objects.bulk_update(rows, ["second_blind_index"])
        return len(rows)


def _end() -> None:
    with transaction.atomic(using=REGISTRY, durable=True):
        keys = IndexKeys.objects.select_for_update().get(pk=1)
        if keys.second_key is None or IssuedNumber.objects.filter(second_blind_index=None).exists():
            return
        IssuedNumber.objects.update(blind_index=F("second_blind_index"), second_blind_index=None)
        keys.first_key, keys.second_key = keys.second_key, None
        keys.save()
