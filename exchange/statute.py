"""The permission table: who may ask whom, for which affair, for what. Closed by default.

Article 19 forbids every provision of specific personal information that is not listed; item 8 lists inquiries over the
network, item 9 those of affairs that a municipality created by ordinance. The other kinds of row name the ground on
which the portal, a sender or a clerk uses a code at all.

The table in force is statute.csv and, in the order of their versions, the changes that two persons approved
(exchange.statute_changes). A process keeps it and asks for a newer version at most once in LEASE seconds, so that an
inquiry asks for none. Which row permits a request depends on the day of the request alone.
"""

from __future__ import annotations

import csv
import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from django.utils.translation import get_language

from agencies.models import Agency
from exchange import canonical_json
from exchange.models import Kind, StatuteChange

LEASE = 5.0
_HERE = Path(__file__).parent
UNITS = ("", "yen", "count", "day")


class NotPermitted(Exception):
    """The table does not permit it. `outcome` is the result code of the refusal."""

    outcome = "2001"


class NoLegalBasis(NotPermitted):
    """No row in force names this inquirer, affair, provider and data set (article 19)."""


class AssessmentMissing(NotPermitted):
    """The inquirer's or the provider's file has no valid impact assessment (articles 21(2) and 28)."""

    outcome = "2002"


class ItemNotAllowed(NotPermitted):
    """An item is asked for that the row does not name, or none at all."""

    outcome = "2003"


@dataclass(frozen=True, slots=True)
class Term:
    """A code of the data standard with its names. Of an item also the set that it belongs to, and how to read it.

    `unit` is "yen", "count", "day", or empty for text; the data standard's own unit column is not public.
    """

    code: str
    name_ja: str
    name_en: str
    data_set: str = ""
    unit: str = ""

    @property
    def name(self) -> str:
        """The name in the active language."""
        return _in_language(self.name_ja, self.name_en)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the permission table. A row is never edited, only closed by `valid_to`: old records name it."""

    row: str
    kind: str
    requester_kind: str
    affair: Term
    procedure: str
    provider_kind: str
    data_set: Term
    items: tuple[str, ...]
    article_ja: str
    article_en: str
    valid_from: date
    valid_to: date | None
    ordinance_of: str

    @property
    def article(self) -> str:
        """The article in the active language."""
        return _in_language(self.article_ja, self.article_en)

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def is_for(self, inquirer: Agency, provider: Agency) -> bool:
        """An ordinance's row names its municipality by local code, a statute's row a kind of agency."""
        return self.requester_kind in (inquirer.kind, inquirer.local_code) and self.provider_kind == provider.kind

    def is_within(self, statutory: Rule) -> bool:
        """Whether an ordinance's row asks the same providers for the same data or less (article 19 item 9)."""
        return (
            not statutory.ordinance_of
            and (self.kind, self.provider_kind, self.data_set)
            == (statutory.kind, statutory.provider_kind, statutory.data_set)
            and set(self.items) <= set(statutory.items)
        )

    def outlasts(self, statutory: Rule) -> bool:
        """Whether it begins before that row, or goes on after it."""
        last, last_of_other = self.valid_to or date.max, statutory.valid_to or date.max
        return self.valid_from < statutory.valid_from or last > last_of_other

    def line(self) -> dict[str, str]:
        """The row as statute.csv writes it."""
        return {
            "row": self.row,
            "kind": str(self.kind),
            "requester_kind": self.requester_kind,
            "affair": self.affair.code,
            "affair_ja": self.affair.name_ja,
            "affair_en": self.affair.name_en,
            "procedure": self.procedure,
            "provider_kind": self.provider_kind,
            "data_set": self.data_set.code,
            "items": " ".join(self.items),
            "article_ja": self.article_ja,
            "article_en": self.article_en,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else "",
            "ordinance_of": self.ordinance_of,
        }

    def digest(self) -> str:
        """SHA-256 over the row as canonical JSON: what the log says of a row that was added."""
        return hashlib.sha256(canonical_json.encoded(self.line())).hexdigest()


@dataclass(frozen=True, slots=True)
class _Table:
    """The table of one version, and when the database was last asked for a newer one."""

    version: int
    rules: dict[str, Rule]
    by_ground: dict[tuple[str, str, str], list[Rule]]
    affairs: dict[str, Term]
    asked_at: float


_kept: _Table | None = None


def legal_basis(
    *, kind: str, inquirer: Agency, provider: Agency, affair: str, data_set: str, items: Sequence[str], on: date
) -> Rule:
    """The row that permits this on that day. Raises NoLegalBasis | AssessmentMissing | ItemNotAllowed."""
    candidates = [rule for rule in _table().by_ground.get((kind, affair, data_set), ()) if rule.is_in_force(on)]
    candidates = [rule for rule in candidates if rule.is_for(inquirer, provider)]
    if not candidates or not (inquirer.is_active and provider.is_active):
        raise NoLegalBasis
    if kind == Kind.INQUIRY and inquirer == provider:
        raise NoLegalBasis  # what an agency holds itself it uses under article 9, not by an inquiry
    if not (inquirer.is_assessed(on) and provider.is_assessed(on)):
        raise AssessmentMissing
    for rule in candidates:
        if set(items) <= set(rule.items) and (items or not rule.items):
            return rule
    raise ItemNotAllowed


def rule_of(row: str) -> Rule | None:
    """The row with this id, in force or not: for naming what an old record stood on."""
    return rules().get(row)


def rule_for_all_items(*, kind: str, affair: str, provider: Agency, data_set: str, on: date) -> Rule | None:
    """The row in force under which all its items are asked, as the portal does for the person herself."""
    candidates = _table().by_ground.get((kind, affair, data_set), ())
    return next((rule for rule in candidates if rule.provider_kind == provider.kind and rule.is_in_force(on)), None)


def rules() -> dict[str, Rule]:
    """Every row of the table in force by its id, also those that have ended or not begun."""
    return _table().rules


def version() -> int:
    """How many approved changes the table in force has taken up: 0 is the reference file as it is."""
    return _table().version


def affairs() -> dict[str, Term]:
    """Affairs by code."""
    return _table().affairs


def forget() -> None:
    """Read the table anew at the next need."""
    global _kept
    _kept = None


@lru_cache(maxsize=1)
def reference() -> dict[str, Rule]:
    """Every row of statute.csv by its id, without any change."""
    return {line["row"]: rule_from(line) for line in _lines("statute.csv")}


def with_changes(rules: Mapping[str, Rule], changes: Iterable[StatuteChange]) -> dict[str, Rule]:
    """The table after these changes, in their order. A row that is there is never replaced, only closed earlier."""
    found = dict(rules)
    for change in changes:
        if change.act == StatuteChange.Act.ADD:
            found.setdefault(change.row, rule_from(change.line))
        elif change.row in found and change.valid_to:
            rule = found[change.row]
            found[change.row] = replace(rule, valid_to=min(rule.valid_to or date.max, change.valid_to))
    return found


@lru_cache(maxsize=1)
def data_sets() -> dict[str, Term]:
    """Kinds of specific personal information by code."""
    return {line["code"]: Term(line["code"], line["name_ja"], line["name_en"]) for line in _lines("data_sets.csv")}


@lru_cache(maxsize=1)
def items() -> dict[str, Term]:
    """Items of information by code."""
    return {
        line["code"]: Term(line["code"], line["name_ja"], line["name_en"], line["data_set"], line["unit"])
        for line in _lines("items.csv")
    }


def _table() -> _Table:
    global _kept
    kept, now = _kept, time.monotonic()
    if kept is not None and now - kept.asked_at < LEASE:
        return kept
    if kept is not None and kept.version == StatuteChange.objects.version():
        kept = _kept = replace(kept, asked_at=now)
        return kept
    changes = list(StatuteChange.objects.approved())
    kept = _kept = _made(changes[-1].number if changes else 0, with_changes(reference(), changes), now)
    return kept


def _made(version: int, read: dict[str, Rule], asked_at: float) -> _Table:
    by_ground: dict[tuple[str, str, str], list[Rule]] = {}
    for rule in read.values():
        by_ground.setdefault((rule.kind, rule.affair.code, rule.data_set.code), []).append(rule)
    names = {rule.affair.code: rule.affair for rule in read.values()}
    return _Table(version, read, by_ground, names, asked_at)


def rule_from(line: Mapping[str, str]) -> Rule:
    """A row as statute.csv writes it. Raises KeyError, ValueError."""
    return Rule(
        row=line["row"],
        kind=Kind(line["kind"]),
        requester_kind=line["requester_kind"],
        affair=Term(line["affair"], line["affair_ja"], line["affair_en"]),
        procedure=line["procedure"],
        provider_kind=line["provider_kind"],
        data_set=data_sets()[line["data_set"]],
        items=tuple(line["items"].split()),
        article_ja=line["article_ja"],
        article_en=line["article_en"],
        valid_from=date.fromisoformat(line["valid_from"]),
        valid_to=date.fromisoformat(line["valid_to"]) if line["valid_to"] else None,
        ordinance_of=line["ordinance_of"],
    )


def _lines(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _in_language(ja: str, en: str) -> str:
    return ja if (get_language() or "ja").startswith("ja") else en
