"""What the supervisory commission reads of the log (My Number Act, article 33): that, when and by which agency,
never about whom.

Refusals, withheld records, copies that differ and the witnesses are read from what holds no personal data. Clerks who
stand out are found by opening (exchange.unusual_looks).
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Q

from agencies.models import Agency
from exchange import ledger, reconciliation, statute, tree
from exchange.models import AccessRecord, Checkpoint, Cosignature, Leaf, Phase
from exchange.witnessing import Witness

MOST_RECORDS_COMPARED = 50_000
MOST_WITHHELD = 5000
MOST_DIFFERENCES = 200
# Events of the last minutes may still be on their way.
TIME_TO_END = timedelta(minutes=5)
HOURS_OF_COPIES = 24
_JAPAN = ZoneInfo("Asia/Tokyo")
# As an outcome to look for: whatever the permission table did not refuse.
OTHER = "other"
_NOT_PERMITTED = (statute.NoLegalBasis, statute.AssessmentMissing, statute.ItemNotAllowed)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal, from its leaf alone. `reference` is the asking agency's."""

    reference: str
    at: datetime
    kind: str
    inquirer: Agency
    provider: Agency | None
    affair: str
    outcome: str

    @property
    def affair_name(self) -> str:
        term = statute.affairs().get(self.affair)
        return term.name if term else ""


@dataclass(frozen=True, slots=True)
class CopiesAmiss:
    """An event whose copies differ. Without a record of it there is nothing but what is amiss."""

    what: str
    reference: str
    at: datetime | None
    inquirer: Agency | None
    provider: Agency | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What is amiss among the events since an instant, and whether there is more of it than is listed."""

    amiss: list[CopiesAmiss]
    since: datetime
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many records of one agency are kept from their persons until a day, or with no day set; by which article
    they were made."""

    agency: Agency
    until: date | None
    article: str
    count: int


@dataclass(frozen=True, slots=True)
class WitnessState:
    """How far a witness has signed; nothing where it never has."""

    name: str
    size: int | None
    behind: int
    is_asked: bool


@dataclass(frozen=True, slots=True)
class LogState:
    """What the log last said of itself, and who saw it."""

    size: int
    at: datetime | None
    witnesses: list[WitnessState]


def refusals(
    *,
    agency: str = "",
    affair: str = "",
    outcome: str = "",
    since: date | None = None,
    until: date | None = None,
    before: str | uuid.UUID | None = None,
    limit: int = 50,
) -> list[Refusal]:
    """Refusals, newest first; `before` is the reference of the last one on the page before, days are legal days.

    Raises ValueError where `before` is no refusal on record.
    """
    rows = AccessRecord.objects.filter(phase=Phase.REFUSED)
    if before is not None:
        last = rows.filter(event=ledger.event_of(before, ledger.INQUIRER)).first()
        if last is None:
            raise ValueError("Not a refusal on record.")
        rows = rows.filter(leaf__lt=last.leaf_id)
    for name, value in (("inquirer", agency), ("affair", affair), ("outcome", outcome)):
        if value and value != OTHER:
            rows = rows.saying(name, value)
    if outcome == OTHER:
        rows = rows.saying_none_of("outcome", [refusal.outcome for refusal in _NOT_PERMITTED])
    if since:
        rows = rows.filter(at__gte=_midnight(since))
    if until:
        rows = rows.filter(at__lt=_midnight(until + timedelta(days=1)))
    found = list(rows.select_related("leaf").order_by("-leaf")[:limit])
    bodies = [json.loads(row.leaf.body) for row in found]
    agencies = Agency.objects.by_local_code(code for body in bodies for code in (body["inquirer"], body["provider"]))
    return [
        Refusal(
            ledger.reference(row.event, ledger.INQUIRER),
            row.at,
            row.kind,
            agencies[body["inquirer"]],
            agencies.get(body["provider"]),
            body["affair"],
            body["outcome"],
        )
        for row, body in zip(found, bodies, strict=True)
    ]


def copies_amiss(*, at: datetime, most: int = MOST_DIFFERENCES, records: int = MOST_RECORDS_COMPARED) -> Compared:
    """Events of the last day that lack a copy (article 23). Where the day has more than so many records, only since the
    oldest of the newest: the whole of it is compared every night."""
    until = at - TIME_TO_END
    since = until - timedelta(hours=HOURS_OF_COPIES)
    newest = AccessRecord.objects.filter(at__gte=since, at__lt=until).order_by("-at").values_list("at", flat=True)
    since = next(iter(newest[records : records + 1]), since)
    found = list(islice(reconciliation.differences(since=since, until=until), most + 1))
    events = [ledger.event_of(difference.reference, ledger.LOG) for difference in found]
    rows = {row.event: row for row in AccessRecord.objects.opening().filter(event__in=events).select_related("leaf")}
    bodies = {event: json.loads(row.leaf.body) for event, row in rows.items()}
    agencies = Agency.objects.by_local_code(
        code for body in bodies.values() for code in (body["inquirer"], body["provider"])
    )
    amiss = []
    for difference, event in zip(found, events, strict=True):
        body = bodies.get(event, {"inquirer": "", "provider": ""})
        amiss.append(
            CopiesAmiss(
                difference.what,
                ledger.reference(event, ledger.INQUIRER) if event in rows else "",
                rows[event].at if event in rows else None,
                agencies.get(body["inquirer"]),
                agencies.get(body["provider"]),
            )
        )
    return Compared(amiss[:most], since, len(found) > most)


def without_assessment(*, on: date) -> list[Agency]:
    """Active agencies whose impact assessment is missing or has run out (articles 21(2) and 28)."""
    missing = Q(assessment_until__isnull=True) | Q(assessment_until__lt=on)
    return list(Agency.objects.active().filter(missing).order_by("local_code"))


def withheld(*, on: date, most: int = MOST_WITHHELD) -> tuple[list[Withheld], bool]:
    """How many records are kept from their persons, by agency, day and article (article 23(2)); whether there are more
    than could be read. Those without a day first, then the next day first."""
    rows = AccessRecord.objects.opening().withheld(on).order_by("-leaf")
    found = list(rows.values_list("leaf__body", "disclosed_from")[: most + 1])
    counted: Counter[tuple[str, date | None, str]] = Counter()
    for text, until in found[:most]:
        body = json.loads(text)
        counted[body["inquirer"], until, body["row"]] += 1
    agencies = Agency.objects.by_local_code(code for code, _, _ in counted)
    groups = [
        Withheld(agencies[code], until, rule.article if (rule := statute.rule_of(row)) else "", count)
        for (code, until, row), count in counted.items()
    ]
    return sorted(groups, key=lambda group: (group.until or date.min, group.agency.local_code)), len(found) > most


def log_state() -> LogState:
    """The last checkpoint, and how far each witness has signed."""
    newest: Checkpoint | None = tree.newest_checkpoint()
    size = newest.size if newest else 0
    signed = dict(Cosignature.objects.values("witness").annotate(size=Max("checkpoint")).values_list("witness", "size"))
    asked = {str(Witness.parse(text).verifier.name) for text in settings.WITNESSES}
    return LogState(
        size,
        Leaf.objects.filter(index=size - 1).values_list("written_at", flat=True).first(),
        [
            WitnessState(name, signed.get(name), size - signed.get(name, 0), name in asked)
            for name in sorted(asked | set(signed))
        ],
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_JAPAN)
