"""Clerks whose looks at the register stand out, for the supervisory commission (My Number Act, article 33).

Clerks' pseudonyms are sealed with the side rows, so unusual looks are found by opening the newest looks of a month in
this process: at most so many, and the page says when there were more. Nothing of what was opened is stored, and persons
are compared by their keyed hash and never leave this module.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from zoneinfo import ZoneInfo

from agencies.models import Agency
from exchange import ledger, looks
from exchange.models import AccessRecord, Kind, Phase
from holdings.periods import legal_day

MOST_LOOKS = 5000
# Codes that are issued stand among the looks too, and far more of them.
MOST_LOOKS_PASSED = 200_000
DAYS_OF_LOOKS = 30
# Monday to Friday, by the hour in Japan. Public holidays are not known here.
OFFICE_HOURS = range(7, 20)
_JAPAN = ZoneInfo("Asia/Tokyo")
_SHOWN_REFERENCES = 3
_LOOKED, _SEARCHED = looks.GROUNDS["register"][0], looks.GROUNDS["search"][0]
_CLERKS_AFFAIRS = (_LOOKED, _SEARCHED, looks.GROUNDS["number"][0])


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


def find(*, at: datetime, limits: Limits | None = None, most: int = MOST_LOOKS) -> Findings:
    """Clerks whose looks of the last month stand out, the most frequent first. At most the newest `most` are opened."""
    read, is_cut = _looks(at, most)
    agencies = Agency.objects.by_local_code(look.agency for look in read)
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


def _looks(at: datetime, most: int) -> tuple[list[_Look], bool]:
    month = AccessRecord.objects.filter(kind=Kind.LOOK, at__lte=at, at__gt=at - timedelta(days=DAYS_OF_LOOKS))
    newest = month.order_by("-at").values("leaf")
    rows = AccessRecord.objects.filter(leaf__in=newest[:MOST_LOOKS_PASSED], phase=Phase.ASKED)
    rows = rows.saying("affair", *_CLERKS_AFFAIRS)
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
