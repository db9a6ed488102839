"""Public figures: how often agencies asked, by month, kind of agency and affair, and how much of it was refused.

A finished month is counted once, by night, from the leaves alone, and stands; the page reads only the counts. A figure
below ten is not published, since with what a reader knows it could be about somebody (k-anonymity, k = 10); nor are
totals, from which a hidden figure could be subtracted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from agencies.models import Agency
from databases import EXCHANGE
from exchange import statute
from exchange.models import AccessRecord, Kind, Phase
from exchange.statistics_models import MonthlyCount
from holdings.periods import legal_day

FEWEST = 10
MONTHS = 12
_CHUNK = 2000
_JAPAN = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True, slots=True)
class Line:
    """One published figure. `refused` is a share in whole percent; nothing where it would be about fewer than ten."""

    month: date
    kind: str
    affair: str
    asked: int
    refused: int | None

    @property
    def affair_name(self) -> str:
        term = statute.affairs().get(self.affair)
        return term.name if term else ""


def count_finished_months(*, at: datetime) -> int:
    """Count the months of the last year that have ended and were not counted yet. Returns how many had questions.

    Safe to repeat and to stop: a month is written as a whole.
    """
    counted = set(MonthlyCount.objects.values_list("month", flat=True).distinct())
    return sum(_count(month) for month in _finished(legal_day(at)) if month not in counted)


def published(*, at: datetime) -> list[Line]:
    """The last year's figures that may be published, the newest month first, the most frequent first within."""
    months = list(_finished(legal_day(at)))
    rows = MonthlyCount.objects.filter(month__in=months, asked__gte=FEWEST)
    rows = rows.order_by("-month", "-asked", "kind", "affair")
    return [Line(row.month, row.kind, row.affair, row.asked, _share(row)) for row in rows]


def _share(row: MonthlyCount) -> int | None:
    if min(row.refused, row.asked - row.refused) < FEWEST:
        return None
    return round(100 * row.refused / row.asked)


def _finished(today: date) -> Iterator[date]:
    month = today.replace(day=1)
    for _ in range(MONTHS):
        month = _before(month)
        yield month


def _before(month: date) -> date:
    return date(month.year - (month.month == 1), month.month - 1 or 12, 1)


def _count(month: date) -> bool:
    following = date(month.year + (month.month == 12), month.month % 12 + 1, 1)
    rows = AccessRecord.objects.opening().filter(kind=Kind.INQUIRY, at__gte=_start(month), at__lt=_start(following))
    kind_of = dict(Agency.objects.values_list("local_code", "kind"))
    asked: Counter[tuple[str, str]] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    for text, phase in rows.values_list("leaf__body", "phase").iterator(chunk_size=_CHUNK):
        body = json.loads(text)
        group = kind_of[body["inquirer"]], body["affair"]
        asked[group] += 1
        refused[group] += phase == Phase.REFUSED
    counts = [
        MonthlyCount(month=month, kind=kind, affair=affair, asked=count, refused=refused[kind, affair])
        for (kind, affair), count in asked.items()
    ]
    with transaction.atomic(using=EXCHANGE, durable=True):
        MonthlyCount.objects.bulk_create(counts, ignore_conflicts=True)
    return bool(counts)


def _start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=_JAPAN)
