"""Which entries: of a day, of a municipality, found by a clerk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Replace

from residents.errors import TooFewItems
from residents.names import kana, searchable

if TYPE_CHECKING:
    from residents.models import Entry  # noqa: F401 - named in the base class below

MOST_ROWS = 20
LEAST_ITEMS = 2


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries in the words of the register."""

    def current(self) -> EntryQuerySet:
        """What the records say now."""
        return self.filter(is_current=True)

    def as_of(self, day: date, *, known_at: datetime | None = None) -> EntryQuerySet:
        """One entry per person: what the record says of `day`, or said of it when looked at in the past (`known_at`).

        A later version with an earlier day (a move reported late) replaces what was noted before it.
        """
        fitting = self.filter(effective_on__lte=day)
        later = self.model._default_manager.filter(
            resident=OuterRef("resident"), version__gt=OuterRef("version"), effective_on__lte=day
        )
        if known_at is not None:
            fitting, later = fitting.filter(recorded_at__lte=known_at), later.filter(recorded_at__lte=known_at)
        return fitting.exclude(Exists(later))

    def in_municipality(self, local_government_code: str) -> EntryQuerySet:
        """Entries of people who live in the municipality, by what the entry itself says."""
        return self.filter(local_government_code=local_government_code, status="RESIDENT")

    def search(self, *, local_government_code: str, **items: str) -> EntryQuerySet:
        """At most 20 current entries of one municipality that agree with two or more identifying items.

        Items: full_name, family_name, given_name, family_kana, given_kana, latin_name, birth_date. Empty ones do not
        count. Glyph variants of a character find each other, and a full name is found with or without a space. Raises
        TooFewItems, MalformedKana.
        """
        given = {name: value.strip() for name, value in items.items() if value and value.strip()}
        if len(given) < LEAST_ITEMS:
            raise TooFewItems
        joined = Replace("name_search", Value(" "), Value(""))
        found = self.current().filter(local_government_code=local_government_code).alias(name_joined=joined)
        for name, value in given.items():
            found = found.filter(**_ITEMS[name](value))
        return found.order_by("name_search", "birth_date", "id")[:MOST_ROWS]


def _family_name(value: str) -> dict[str, Any]:
    return {"name_search__startswith": searchable(value) + " "}


def _given_name(value: str) -> dict[str, Any]:
    return {"name_search__endswith": " " + searchable(value)}


_ITEMS: dict[str, Callable[[str], dict[str, Any]]] = {
    "full_name": lambda value: {"name_joined": searchable(value).replace(" ", "")},
    "family_name": _family_name,
    "given_name": _given_name,
    "family_kana": lambda value: {"family_kana": kana(value)},
    "given_kana": lambda value: {"given_kana": kana(value)},
    "latin_name": lambda value: {"latin_name__iexact": value},
    "birth_date": lambda value: {"birth_date": value},
}
