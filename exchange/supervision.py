"""What the supervisory commission reads of the log (My Number Act, article 33): that, when and by which agency,
never about whom.

Refusals, withheld records and copies are read from leaves, which hold no personal data. Clerks' pseudonyms are sealed
with the side rows, so unusual looks are found by opening the newest looks of a month in this process: at most so many,
and the page says when there were more. Nothing of what was opened is stored, and persons are compared by their keyed
hash and never leave this module.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import reduce
from itertools import islice
from operator import or_
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Q

from agencies.models import Agency
from exchange import ledger, looks, reconciliation, statute, tree
from exchange.models import AccessRecord, Checkpoint, Cosignature, Kind, Leaf, Phase
from exchange.witnessing import Witness
from holdings.periods import legal_day

MOST_LOOKS = 5000
# Codes that are issued stand among the looks too, and far more of them.
MOST_LOOKS_PASSED = 200_000
MOST_RECORDS_COMPARED = 50_000
MOST_WITHHELD = 5000
MOST_DIFFERENCES = 200
DAYS_OF_LOOKS = 30
# Events of the last minutes may still be on their way.
TIME_TO_END = timedelta(minutes=5)
HOURS_OF_COPIES = 24
# Monday to Friday, by the hour in Japan. Public holidays are not known here.
OFFICE_HOURS = range(7, 20)
_JAPAN = ZoneInfo("Asia/Tokyo")
_SHOWN_REFERENCES = 3
# As an outcome to look for: whatever the permission table did not refuse.
OTHER = "other"
_NOT_PERMITTED = (statute.NoLegalBasis, statute.AssessmentMissing, statute.ItemNotAllowed)
_LOOKED, _SEARCHED = looks.GROUNDS["register"][0], looks.GROUNDS["search"][0]
_CLERKS_AFFAIRS = (_LOOKED, _SEARCHED, looks.GROUNDS["number"][0])


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


class Unusual(StrEnum):
    """Why a clerk's looks stand out."""

    REPEATED = "REPEATED"
    BUSY = "BUSY"
    OUT_OF_HOURS = "OUT_OF_HOURS"
    WITHOUT_CASE = "WITHOUT_CASE"
    FRUITLESS = "FRUITLESS"


@dataclass(frozen=True, slots=True)
class Limits:
    """From how many on something stands out. A clerk's looks are many when they are more than `busy_factor` times the
    median of the agency's clerks, where at least `busy_clerks` looked at all."""

    repeated: int = 6
    busy: int = 20
    busy_factor: int = 4
    busy_clerks: int = 3
    out_of_hours: int = 3
    without_case: int = 6
    fruitless: int = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One clerk who stands out: the pseudonym, how often, from when to when, and the newest records of it."""

    what: Unusual
    agency: Agency
    clerk: str
    count: int
    first_at: datetime
    last_at: datetime
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What stands out among the looks that were read, and whether there were more than could be read."""

    findings: list[Finding]
    read: int
    is_cut: bool


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


@dataclass(frozen=True, slots=True, repr=False)
class _Look:
    """A look opened in this process. `person` is only compared."""

    place: int
    at: datetime
    event: uuid.UUID
    agency: str
    clerk: str
    person: bytes | None
    affair: str
    has_case: bool

    def __repr__(self) -> str:
        return "<_Look>"


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
            rows = rows.filter(_says(name, value))
    if outcome == OTHER:
        rows = rows.exclude(reduce(or_, [_says("outcome", refusal.outcome) for refusal in _NOT_PERMITTED]))
    if since:
        rows = rows.filter(at__gte=_midnight(since))
    if until:
        rows = rows.filter(at__lt=_midnight(until + timedelta(days=1)))
    found = list(rows.select_related("leaf").order_by("-leaf")[:limit])
    bodies = [json.loads(row.leaf.body) for row in found]
    agencies = _agencies(code for body in bodies for code in (body["inquirer"], body["provider"]))
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


def unusual(*, at: datetime, limits: Limits | None = None, most: int = MOST_LOOKS) -> Findings:
    """Clerks whose looks of the last month stand out, the most frequent first. At most the newest `most` are opened."""
    read, is_cut = _looks(at, most)
    agencies = _agencies(look.agency for look in read)
    by_clerk: dict[tuple[str, str], list[_Look]] = defaultdict(list)
    for look in read:
        by_clerk[look.agency, look.clerk].append(look)
    found = []
    for what, group in _outstanding(by_clerk, limits or Limits()):
        newest = sorted(group, key=lambda look: look.at, reverse=True)
        found.append(
            Finding(
                what,
                agencies[newest[0].agency],
                newest[0].clerk,
                len(group),
                newest[-1].at,
                newest[0].at,
                tuple(ledger.reference(look.event, ledger.INQUIRER) for look in newest[:_SHOWN_REFERENCES]),
            )
        )
    return Findings(sorted(found, key=lambda finding: -finding.count), len(read), is_cut)


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
    agencies = _agencies(code for body in bodies.values() for code in (body["inquirer"], body["provider"]))
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
    agencies = _agencies(code for code, _, _ in counted)
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


def _looks(at: datetime, most: int) -> tuple[list[_Look], bool]:
    month = AccessRecord.objects.filter(kind=Kind.LOOK, at__lte=at, at__gt=at - timedelta(days=DAYS_OF_LOOKS))
    newest = month.order_by("-at").values("leaf")
    rows = AccessRecord.objects.filter(leaf__in=newest[:MOST_LOOKS_PASSED], phase=Phase.ASKED)
    rows = rows.filter(reduce(or_, [_says("affair", affair) for affair in _CLERKS_AFFAIRS]))
    found = list(rows.select_related("leaf").order_by("-at", "-leaf")[: most + 1])
    is_cut = len(found) > most or newest[MOST_LOOKS_PASSED:].exists()
    return [_opened(row) for row in found[:most]], is_cut


def _opened(row: AccessRecord) -> _Look:
    body, private = json.loads(row.leaf.body), ledger.private_of(row)
    person = bytes(row.subject) if row.subject else None
    return _Look(
        row.leaf_id,
        row.at,
        row.event,
        body["inquirer"],
        private["clerk"],
        person,
        body["affair"],
        bool(private["case_number"]),
    )


def _outstanding(
    by_clerk: Mapping[tuple[str, str], Sequence[_Look]], limits: Limits
) -> Iterator[tuple[Unusual, Sequence[_Look]]]:
    medians = _medians(by_clerk, limits)
    for (agency, _clerk), group in by_clerk.items():
        seen = [look for look in group if look.person is not None]
        by_person: dict[bytes | None, list[_Look]] = defaultdict(list)
        for look in seen:
            by_person[look.person].append(look)
        for same in by_person.values():
            if len(same) >= limits.repeated:
                yield Unusual.REPEATED, same
        if len(seen) >= limits.busy and agency in medians and len(seen) > limits.busy_factor * medians[agency]:
            yield Unusual.BUSY, seen
        late = [look for look in group if _is_out_of_hours(look.at)]
        if len(late) >= limits.out_of_hours:
            yield Unusual.OUT_OF_HOURS, late
        bare = [look for look in seen if look.affair == _LOOKED and not look.has_case]
        if len(bare) >= limits.without_case:
            yield Unusual.WITHOUT_CASE, bare
        longest = max(_series(group), key=len, default=[])
        if len(longest) >= limits.fruitless:
            yield Unusual.FRUITLESS, longest


def _medians(by_clerk: Mapping[tuple[str, str], Sequence[_Look]], limits: Limits) -> dict[str, float]:
    """How many persons a clerk in the middle of each agency looked at; for agencies with enough clerks to have one."""
    counts: dict[str, list[int]] = defaultdict(list)
    for (agency, _clerk), group in by_clerk.items():
        counts[agency].append(sum(look.person is not None for look in group))
    return {agency: median(each) for agency, each in counts.items() if len(each) >= limits.busy_clerks}


def _series(group: Iterable[_Look]) -> Iterator[list[_Look]]:
    """Searches one after another on one day with nobody opened in between. A search is on record before it is answered,
    so what it found is on no record; that nobody was opened after it is."""
    series: list[_Look] = []
    for look in sorted(group, key=lambda look: look.place):
        if series and (look.affair != _SEARCHED or legal_day(look.at) != legal_day(series[-1].at)):
            yield series
            series = []
        if look.affair == _SEARCHED:
            series.append(look)
    yield series


def _is_out_of_hours(at: datetime) -> bool:
    here = at.astimezone(_JAPAN)
    return here.weekday() >= 5 or here.hour not in OFFICE_HOURS


def _says(name: str, value: str) -> Q:
    """The leaf is canonical JSON, so one of its values is one exact text."""
    return Q(leaf__body__contains=f"{json.dumps(name)}:{json.dumps(value)}")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_JAPAN)


def _agencies(local_codes: Iterable[str]) -> dict[str, Agency]:
    found: dict[str, Any] = Agency.objects.in_bulk(list(set(local_codes)), field_name="local_code")
    return found
