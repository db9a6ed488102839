"""The time that a copy is for, and the time that an inquiry asks for: a fiscal year, a period, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

_JAPAN = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True, slots=True)
class Period:
    """A fiscal year, or days from `begins_on` to `ends_on` (each may be open). As a condition, empty: the newest."""

    fiscal_year: int | None = None
    begins_on: date | None = None
    ends_on: date | None = None

    def __post_init__(self) -> None:
        if self.begins_on and self.ends_on and self.ends_on < self.begins_on:
            raise ValueError("The period ends before it begins.")

    @classmethod
    def on(cls, day: date) -> Period:
        """The one day: what held on that date."""
        return cls(begins_on=day, ends_on=day)

    def __str__(self) -> str:
        if self.fiscal_year is not None:
            return str(self.fiscal_year)
        return f"{self.begins_on or ''}/{self.ends_on or ''}" if self.begins_on or self.ends_on else ""


def legal_day(at: datetime) -> date:
    """The day on which an instant falls in Japan: the law counts in such days."""
    return at.astimezone(_JAPAN).date()


def begin_of(day: date) -> datetime:
    """The first instant of a day in Japan."""
    return datetime.combine(day, time(), _JAPAN)
