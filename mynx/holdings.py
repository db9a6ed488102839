"""What an agency answers from: a CSV file of its own, read once.

    local_id (or code), data_set, item, value or null_reason, period

A person is named by our own id, with the code from people.csv, or by the code itself. `period` is a fiscal year (2026),
days (2026-04-01/2027-03-31, either side may be open), or empty. Lines of one person, data set and period are one copy.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from mynx.agency import Unusable

NULL_REASONS = frozenset({"NOT_APPLICABLE", "NOT_HELD", "WITHHELD", "NOT_YET_FIXED"})

Item = dict[str, str]


@dataclass(frozen=True)
class Period:
    """A fiscal year, or days, either side open. As a condition, empty: the newest."""

    fiscal_year: int | None = None
    begins_on: date | None = None
    ends_on: date | None = None

    @classmethod
    def parse(cls, text: str) -> Period:
        """From the column of the file. Raises ValueError."""
        if "/" not in text:
            return cls(fiscal_year=int(text)) if text else cls()
        return cls(None, *(date.fromisoformat(day) if day else None for day in text.split("/", 1)))

    def meets(self, condition: Period) -> bool:
        """Whether a copy for this period is asked for by the condition."""
        return (
            condition.fiscal_year in (None, self.fiscal_year)
            and not (condition.ends_on and self.begins_on and self.begins_on > condition.ends_on)
            and not (condition.begins_on and self.ends_on and self.ends_on < condition.begins_on)
        )

    def age(self) -> tuple[int, date]:
        """What copies are sorted by, the newest highest."""
        return (self.fiscal_year or 0, self.begins_on or date.min)


@dataclass
class Holdings:
    """The file, by code and data set."""

    copies: dict[tuple[str, str], dict[Period, dict[str, Item]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, *, codes: Mapping[str, str]) -> Holdings:
        """Read the file; `codes` gives our code of a local id. Raises Unusable."""
        found = cls()
        with path.open(encoding="utf-8", newline="") as file:
            for number, line in enumerate(csv.DictReader(file), start=2):
                try:
                    code = line.get("code") or codes.get(line.get("local_id") or "", "")
                    found._keep(code, line)
                except (ValueError, KeyError, TypeError):
                    raise Unusable(f"{path}, line {number}: {_WANTED}") from None
        return found

    def find(self, codes: Iterable[str], data_set: str, items: Sequence[str], condition: Period) -> list[Item] | None:
        """The items of the newest copy about the person that meets the condition; None: there is none."""
        periods = [
            (period, copy)
            for code in codes
            for period, copy in self.copies.get((code, data_set), {}).items()
            if period.meets(condition)
        ]
        if not periods:
            return None
        copy = max(periods, key=lambda found: found[0].age())[1]
        return [{"code": item, **copy.get(item, {"null_reason": "NOT_HELD"})} for item in items]

    def has(self, data_set: str) -> bool:
        """Whether this kind of copy is held at all, of anybody."""
        return any(kind == data_set for _, kind in self.copies)

    def _keep(self, code: str, line: Mapping[str, str]) -> None:
        content = {name: line[name] for name in ("value", "null_reason") if line.get(name)}
        if len(content) != 1 or content.get("null_reason", "NOT_HELD") not in NULL_REASONS or not line["item"]:
            raise ValueError
        # A person without a code yet cannot be asked about.
        if code:
            copy = self.copies.setdefault((code, line["data_set"]), {})
            copy.setdefault(Period.parse(line.get("period") or ""), {})[line["item"]] = content
        else:
            Period.parse(line.get("period") or "")


_WANTED = "needs data_set, item, a value or one of the reasons for having none, and a period that can be read."
