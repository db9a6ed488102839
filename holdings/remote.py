"""A provider that answers from its own system: what this side knows of the person, and the copy of what it provided.

The provider's own record (article 23(1)) lies in its system. The copy here is what the three copies of an event are
compared by. Asked blind, nobody here knows the code: then the copy has none, and whether the person is protected cannot
be known either, so that it is taken to be.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from codes.rist1 import Code
from databases import HOLDINGS
from holdings.models import Protection, ProvisionCopy
from holdings.periods import legal_day
from holdings.provide import AnsweredBefore


def may_name_inquirer(*, agency: str, codes: Sequence[Code], at: datetime) -> bool:
    """Whether the agency's papers may say who asked: not about a person who is protected, or may be."""
    return bool(codes) and not Protection.objects.protects(agency=agency, codes=codes, on=legal_day(at))


def keep_copy(
    *,
    agency: str,
    codes: Sequence[Code],
    data_set: str,
    items: Sequence[str],
    inquirer: str,
    outcome: str,
    reference: str,
    is_withheld: bool = False,
    at: datetime,
) -> None:
    """Keep the copy of one provision, committed before this returns. The same again changes nothing.

    `codes` are the person's at the agency, the present one first; none where it was asked blind. A protection that was
    set while the provider was thinking counts. Raises AnsweredBefore.
    """
    facts = {"agency": agency, "data_set": data_set, "items": " ".join(items), "outcome": outcome}
    with transaction.atomic(using=HOLDINGS, durable=True):
        is_named = may_name_inquirer(agency=agency, codes=codes, at=at)
        rest = {
            "code": codes[0] if codes else None,
            "inquirer": inquirer if is_named else "",
            "is_withheld": is_withheld,
            "at": at.replace(microsecond=0),
        }
        copy, _ = ProvisionCopy.objects.get_or_create(id=uuid.UUID(reference), defaults=facts | rest)
    if any(getattr(copy, name) != value for name, value in facts.items()):
        raise AnsweredBefore
