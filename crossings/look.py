"""A clerk looks at a person: the purpose first, recorded, and only then the page.

The municipality looks into its own register, but the resident reads of it as of any exchange: who looked, what for,
and when. A search is on record too, with what kinds of things were asked and never whom it was about.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat, Replace
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from agencies.models import Agency
from crossings.codes import portal_code_of
from crossings.purposes import stored
from exchange import ledger, looks
from exchange.permission import Refused
from residents.models import Entry, LocalPerson, Protection, Resident, Status
from residents.names import MalformedKana, kana, searchable

__all__ = ["Criteria", "Found", "Hit", "NotAllowed", "Refused", "TooFewItems", "look", "search", "search_arrivals"]

LEAST_ITEMS = 2
MOST_ROWS = 20
CLERKS_DOMAIN = "exchange"
# Who may be found by a municipality that does not keep the record yet.
ARRIVING = (Status.MOVED_OUT, Status.ABROAD)


class NotAllowed(Exception):
    """The account is not a clerk of a municipality, or the resident is not in that municipality's register."""


class TooFewItems(Exception):
    """Fewer than two things that identify a person. Nothing was searched."""

    def __str__(self) -> str:
        return str(_("Give at least two things that you know about the person."))


@dataclass(frozen=True, slots=True, repr=False)
class Criteria:
    """What the clerk knows about the person. Empty ones do not count; name and reading count once."""

    name: str = ""
    birth_date: str = ""
    address: str = ""
    local_id: str = ""

    def given(self) -> list[str]:
        return [field.name for field in fields(self) if getattr(self, field.name).strip()]

    def __repr__(self) -> str:
        return "<Criteria>"


class Hit(NamedTuple):
    """One row of a search: enough to recognise a person whom one knows, not enough to get to know one."""

    resident_id: UUID
    name: str
    kana: str
    birth: str
    place: str
    status: str

    def __repr__(self) -> str:
        return "<Hit>"


class Found(NamedTuple):
    """At most twenty rows, whether there are more, and the reference of the record of this search."""

    hits: list[Hit]
    more: bool
    reference: str


def search(*, clerk: User, criteria: Criteria, at: datetime) -> Found:
    """Residents of the clerk's own municipality that agree with two or more things. Recorded before it is answered.

    Raises TooFewItems, NotAllowed.
    """
    return _search(clerk, criteria, _own(clerk), what="search", at=at)


def search_arrivals(*, clerk: User, criteria: Criteria, at: datetime) -> Found:
    """People who have moved out elsewhere or went abroad, and may now move in here. Name and birth date are needed.

    Raises TooFewItems, NotAllowed.
    """
    if not {"name", "birth_date"}.issubset(criteria.given()):
        raise TooFewItems
    return _search(clerk, criteria, arrivals(), what="search-arrivals", at=at)


def arrivals() -> QuerySet[Entry]:
    """Current entries of people who live nowhere in Japan now: moved out and not yet in anywhere, or gone abroad."""
    return Entry.objects.current().filter(status__in=ARRIVING)


def look(
    *,
    clerk: User,
    resident: Resident,
    purpose: str,
    case_number: str,
    words: str = "",
    what: str = "register",
    at: datetime,
) -> str:
    """Record that the clerk looks at the resident, and why. Returns the reference of the record.

    `purpose` is one of crossings.purposes.Purpose, `words` the clerk's own; `what` is "register" or "number". Show
    nothing before this has returned. Raises NotAllowed, Refused, and whatever keeps the record from being written.
    """
    if resident.current.local_government_code != clerk.agency and resident.current.status not in ARRIVING:
        raise NotAllowed
    return looks.record(
        agency=_agency_of(clerk),
        subject=ledger.subject_of(portal_code_of(resident)),
        purpose=stored(purpose, words),
        case_number=case_number,
        clerk=clerk.pseudonym(CLERKS_DOMAIN),
        what=what,
        at=at,
    )


def _search(clerk: User, criteria: Criteria, entries: QuerySet[Entry], *, what: str, at: datetime) -> Found:
    agency = _agency_of(clerk)
    if len(criteria.given()) < LEAST_ITEMS:
        raise TooFewItems
    reference = looks.record(
        agency=agency,
        subject=None,
        purpose="search",
        case_number="",
        clerk=clerk.pseudonym(CLERKS_DOMAIN),
        what=f"{what}: {' '.join(criteria.given())}",
        at=at,
    )
    rows = list(_agreeing(entries, criteria, clerk.agency).order_by("name_search", "birth_date", "id")[: MOST_ROWS + 1])
    shown = rows[:MOST_ROWS]
    protected = set(
        Protection.objects.in_force(at)
        .filter(resident__in=[row.resident_id for row in shown])
        .values_list("resident_id", flat=True)
    )
    return Found([_masked(row, row.resident_id in protected) for row in shown], len(rows) > MOST_ROWS, reference)


def _agency_of(clerk: User) -> Agency:
    agency = Agency.objects.known(clerk.agency) if clerk.is_staff else None
    if agency is None:
        raise NotAllowed
    return agency


def _own(clerk: User) -> QuerySet[Entry]:
    return Entry.objects.current().filter(local_government_code=clerk.agency)


def _agreeing(entries: QuerySet[Entry], criteria: Criteria, municipality: str) -> QuerySet[Entry]:
    if criteria.name.strip():
        entries = _by_name(entries, criteria.name)
    if criteria.birth_date.strip():
        entries = entries.filter(birth_date=criteria.birth_date.strip())
    if criteria.address.strip():
        entries = _by_address(entries, criteria.address)
    if criteria.local_id.strip():
        known = LocalPerson.objects.filter(local_government_code=municipality, local_id=criteria.local_id.strip())
        entries = entries.filter(resident__in=known.values("resident"))
    return entries


def _by_name(entries: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    """Kanji, Latin letters or kana, written with or without a space; a family name alone is enough."""
    joined = searchable(text).replace(" ", "")
    by_name = entries.annotate(
        joined_name=Replace("name_search", Value(" "), Value("")),
        joined_latin=Replace("latin_name", Value(" "), Value("")),
        joined_kana=Replace(Concat(F("family_kana"), F("given_kana")), Value(" "), Value("")),
    )
    wanted = (
        by_name.filter(joined_name=joined)
        | by_name.filter(name_search__startswith=searchable(text) + " ")
        | by_name.filter(joined_latin__iexact=joined)
    )
    reading = _reading(joined)
    if reading:
        wanted = wanted | by_name.filter(joined_kana=reading) | by_name.filter(family_kana=reading)
    return wanted


def _reading(text: str) -> str:
    """The text in katakana when it is written in kana, else nothing."""
    katakana = "".join(chr(ord(sign) + 0x60) if "ぁ" <= sign <= "ゖ" else sign for sign in text)
    try:
        return kana(katakana)
    except MalformedKana:
        return ""


def _by_address(entries: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    return entries.annotate(line=Concat("prefecture", "municipality", "town", "street", "building")).filter(
        line__contains="".join(text.split())
    )


def _masked(entry: Entry, protected: bool) -> Hit:
    """Family name, the first sign of the given name, the year of birth, the town; for a protected person no place."""
    given = entry.given_name[:1] + "○" * (len(entry.given_name) - 1)
    name = "\u3000".join(part for part in (entry.family_name, given) if part) or entry.latin_name[:1] + "○○"
    return Hit(
        resident_id=entry.resident_id,
        name=name,
        kana=entry.family_kana,
        birth=entry.birth_date[:4],
        place="" if protected else entry.municipality + entry.town,
        status=entry.get_status_display(),
    )
