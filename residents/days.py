"""Legal days are days in Japan: the day on which an instant falls in Asia/Tokyo."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")


def day_of(at: datetime) -> date:
    """The calendar day in Japan of an aware instant. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError("An instant without a time zone falls on no particular day.")
    return at.astimezone(TOKYO).date()
