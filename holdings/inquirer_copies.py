"""The inquirer's own record of each inquiry (article 23(1)): who asked whom for what, and how it ended.

No code of anyone. Written before the answer leaves. It is the agency's file, kept here for it: nobody else opens it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from holdings.models import InquiryCopy
from keys.sealing import Sealer, open_sealed

_PURPOSE = "inquiry-copy"
INQUIRER = "inquirer"


def keep_all(copies: Iterable[tuple[str, Mapping[str, Any]]], *, on: date) -> None:
    """Keep copies under the inquirer's references: one statement. Again changes nothing.

    Each comes with its facts, which name the agency that asked as "inquirer".
    """
    sealer, rows = Sealer(_PURPOSE), []
    for reference, facts in copies:
        id_ = uuid.UUID(reference)
        sealed = sealer.seal(json.dumps(dict(facts), sort_keys=True).encode(), context=_context(id_))
        rows.append(InquiryCopy(id=id_, sealed=sealed, on=on))
    InquiryCopy.objects.bulk_create(rows, ignore_conflicts=True)


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
