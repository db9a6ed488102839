"""Protection flags as an agency keeps them. The register decides on them; this is the copy that the answer reads."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from codes.rist1 import Code
from databases import HOLDINGS
from holdings.models import Protection


def protect(*, agency: str, code: Code, until: date | None = None) -> None:
    """From now until that day (or until lifted) the agency's records about this person do not name who asked."""
    with transaction.atomic(using=HOLDINGS):
        Protection.objects.update_or_create(agency=agency, code=code, defaults={"until": until})


def lift(*, agency: str, code: Code) -> None:
    """End the protection at this agency. Records made meanwhile stay without a name."""
    Protection.objects.filter(agency=agency, code=code).delete()
