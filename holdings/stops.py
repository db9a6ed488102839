"""The stop switch: nothing is answered from these copies until they have been checked.

For one person's copies of a data set, or for all of the agency's. An inquiry meanwhile gets "3003": ask again later.
The copies stay as they are; corrections and withdrawals go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from codes.rist1 import Code
from databases import HOLDINGS
from holdings.models import Registrar, Stop, StopQuerySet


def stop(
    *, agency: str, data_set: str, reason: Stop.Reason, at: datetime, codes: Sequence[Code] = (), by: str = ""
) -> bool:
    """Set a stop, for one person by her `codes` (the present one first) or, without them, for everybody.

    False: it is set already.
    """
    with transaction.atomic(using=HOLDINGS, durable=True):
        _lock(agency)
        if _of(agency, data_set, codes).exists():
            return False
        Stop.objects.create(
            agency=agency,
            data_set=data_set,
            code=codes[0] if codes else None,
            reason=reason,
            by=by,
            at=at.replace(microsecond=0),
        )
    return True


def resume(*, agency: str, data_set: str, at: datetime, codes: Sequence[Code] = ()) -> bool:
    """Lift the stop of the person, or the one for everybody; never the one for the other. False: none is set."""
    with transaction.atomic(using=HOLDINGS, durable=True):
        return _of(agency, data_set, codes).update(resumed_at=at.replace(microsecond=0)) > 0


def _of(agency: str, data_set: str, codes: Sequence[Code]) -> StopQuerySet:
    found = Stop.objects.in_force().filter(agency=agency, data_set=data_set)
    return found.filter(code__in=codes) if codes else found.filter(code__isnull=True)


def _lock(agency: str) -> None:
    Registrar.objects.get_or_create(agency=agency)
    Registrar.objects.select_for_update().get(agency=agency)
