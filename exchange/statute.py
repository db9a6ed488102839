"""The permission table: who may ask whom, for which affair, for what. Read from statute.csv; closed by default.

Article 19 forbids every provision of specific personal information that is not listed; item 8 lists inquiries over the
network, item 9 those of affairs that a municipality created by ordinance. The other kinds of row name the ground on
which the portal, a sender or a clerk uses a code at all.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from django.utils.translation import get_language

from agencies.models import Agency
from exchange.models import Kind

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


def legal_basis(
    *, kind: str, inquirer: Agency, provider: Agency, affair: str, data_set: str, items: Sequence[str], on: date
) -> Rule:
    """The row that permits this on that day. Raises NoLegalBasis | AssessmentMissing | ItemNotAllowed."""
    candidates = [rule for rule in _rules_by_ground().get((kind, affair, data_set), ()) if rule.is_in_force(on)]
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
    candidates = _rules_by_ground().get((kind, affair, data_set), ())
    return next((rule for rule in candidates if rule.provider_kind == provider.kind and rule.is_in_force(on)), None)


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """Every row of statute.csv by its id."""
    return {line["row"]: _rule(line) for line in _lines("statute.csv")}


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


@lru_cache(maxsize=1)
def affairs() -> dict[str, Term]:
    """Affairs by code."""
    return {rule.affair.code: rule.affair for rule in rules().values()}


@lru_cache(maxsize=1)
def _rules_by_ground() -> dict[tuple[str, str, str], list[Rule]]:
    found: dict[tuple[str, str, str], list[Rule]] = {}
    for rule in rules().values():
        found.setdefault((rule.kind, rule.affair.code, rule.data_set.code), []).append(rule)
    return found


def _rule(line: dict[str, str]) -> Rule:
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
