"""The inquirer's own record of each inquiry (article 23(1)): who asked whom for what, and how it ended.

No code of anyone. Written before the answer leaves. It is the agency's file, kept here for it: nobody else opens it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import transaction

from databases import HOLDINGS, rows
from holdings.models import InquiryCopy
from keys.sealing import Sealer, open_sealed

_PURPOSE = "inquiry-copy"
INQUIRER = "inquirer"


def keep_all(copies: Iterable[tuple[str, Mapping[str, Any]]], *, on: date, are_new: bool = False) -> None:
    """Keep copies under the inquirer's references: one statement. Again changes nothing, unless `are_new`.

    Each comes with its facts, which name the agency that asked as "inquirer".
    """
    sealer, made = Sealer(_PURPOSE), []
    for reference, facts in copies:
        id_ = uuid.UUID(reference)
        sealed = sealer.seal(json.dumps(dict(facts), sort_keys=True).encode(), context=_context(id_))
        made.append((id_, sealed, on))
    if are_new:
        with transaction.atomic(using=HOLDINGS, durable=True):
            rows.insert(HOLDINGS, (InquiryCopy, made))
    else:
        InquiryCopy.objects.bulk_create(
            [InquiryCopy(id=id_, sealed=sealed, on=on) for id_, sealed, on in made], ignore_conflicts=True
        )


def opened(copy: InquiryCopy) -> dict[str, Any]:
    """What the copy says. Raises CannotOpen."""
    facts: dict[str, Any] = json.loads(open_sealed(_PURPOSE, bytes(copy.sealed), context=_context(copy.id)))
    return facts


def own(*, agency: str, reference: str) -> dict[str, Any] | None:
    """The agency's own copy; another's reference looks like one that was never given out."""
    copy = InquiryCopy.objects.filter(id=uuid.UUID(reference)).first()
    facts = opened(copy) if copy else None
    return facts if facts and facts[INQUIRER] == agency else None


def _context(id_: uuid.UUID) -> str:
    return f"holdings.InquiryCopy.sealed:{id_}"
