"""Changes of trust, read by anyone: what changed, for which agency, when; who did it and why stays sealed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agencies.models import Agency
from exchange.models import AccessRecord, Kind, Phase
from exchange.trust import DONE, Act

PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: done, failed, or begun and not known to have ended. `facts` are those of its last leaf."""

    index: int
    act: Act
    agency: Agency | None
    local_code: str
    at: datetime
    is_done: bool
    has_failed: bool
    facts: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Page:
    """The records of some acts, the newest act first, and from where the next older page goes on."""

    rows: list[AccessRecord]
    older: int | None

    def entries(self) -> list[Entry]:
        by_event: dict[uuid.UUID, list[AccessRecord]] = {}
        for row in self.rows:
            by_event.setdefault(row.event, []).append(row)
        codes = {json.loads(row.leaf.body)["inquirer"] for row in self.rows}
        agencies = Agency.objects.by_local_code(codes)
        return [_entry(rows, agencies) for rows in by_event.values()]


def page(*, before: int | None = None, limit: int = PAGE) -> Page:
    """The newest acts whose first entry stands before that place of the log."""
    openings = AccessRecord.objects.filter(kind=Kind.TRUST, phase=Phase.ASKED).order_by("-leaf")
    if before is not None:
        openings = openings.filter(leaf__lt=before)
    places = dict(openings.values_list("event", "leaf")[: limit + 1])
    shown = list(places)[:limit]
    found = AccessRecord.objects.filter(kind=Kind.TRUST, event__in=shown).select_related("leaf")
    rows = sorted(found, key=lambda row: (-places[row.event], row.leaf_id))
    return Page(rows, places[shown[-1]] if len(places) > limit else None)


def _entry(rows: Iterable[AccessRecord], agencies: dict[str, Agency]) -> Entry:
    opening, *closing = rows
    last = json.loads((closing[0] if closing else opening).leaf.body)
    facts = dict(last["trust"])
    act = Act(str(facts.pop("act")))
    is_done = bool(closing) and last["outcome"] == DONE
    return Entry(
        index=opening.leaf_id,
        act=act,
        agency=agencies.get(last["inquirer"]),
        local_code=last["inquirer"],
        at=opening.at,
        is_done=is_done,
        has_failed=bool(closing) and not is_done,
        facts=facts,
    )
