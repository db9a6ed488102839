"""The time that a copy is for, and the time that an inquiry asks for: a fiscal year, a period, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Period:
    """A fiscal year, or days from `begins_on` to `ends_on`, each of which may be open. An empty condition: the newest."""

    fiscal_year: int | None = None
    begins_on: date | None = None
    ends_on: date | None = None

    @classmethod
    def on(cls, day: date) -> Period:
        """The one day: what held on that date."""
        return cls(begins_on=day, ends_on=day)
