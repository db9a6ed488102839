"""How long a card and its certificates are valid.

A card ends on the holder's tenth birthday after issue, the fifth for those under 18 (Enforcement Regulations on cards,
article 26); a certificate on the fifth birthday, never after its card. Days are days in Japan, and the last instant is
23:59:59 there. Somebody born on 29 February has a birthday on the last day of February in other years.
"""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")

ADULT_AGE = 18
SIGNATURE_AGE = 15
RENEWAL_MONTHS = 3


def day_in_japan(at: dt.datetime) -> dt.date:
    """The day that this instant falls on in Japan."""
    return at.astimezone(JAPAN).date()


def last_instant(day: dt.date) -> dt.datetime:
    """23:59:59 in Japan on that day, in UTC (14:59:59)."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=JAPAN).astimezone(dt.UTC)


def born_on(birth_date: str) -> dt.date:
    """A registered birth date as a day; what the register does not know counts as the last day that it could be.

    Real registers hold partial dates ("1990-04", "1990"); the latest possible day never makes a child an adult early.
    """
    year, *rest = (int(part) for part in birth_date.split("-"))
    month = rest[0] if rest else 12
    day = rest[1] if len(rest) > 1 else calendar.monthrange(year, month)[1]
    return dt.date(year, month, day)


def birthday(born: dt.date, year: int) -> dt.date:
    """The birthday in that year; 29 February falls on the 28th where there is none."""
    return born.replace(year=year, day=min(born.day, calendar.monthrange(year, born.month)[1]))


def nth_birthday_after(born: dt.date, day: dt.date, n: int) -> dt.date:
    """The n-th birthday strictly after that day."""
    first = day.year if birthday(born, day.year) > day else day.year + 1
    return birthday(born, first + n - 1)


def age_on(born: dt.date, day: dt.date) -> int:
    return day.year - born.year - (birthday(born, day.year) > day)


def card_expires_on(*, born: dt.date, issued_on: dt.date, stay_until: dt.date | None = None) -> dt.date:
    """The card's last day. A foreign resident's card ends with the period of stay, when that comes first."""
    n = 10 if age_on(born, issued_on) >= ADULT_AGE else 5
    expires = nth_birthday_after(born, issued_on, n)
    return expires if stay_until is None else min(expires, stay_until)


def certificate_expires_on(*, born: dt.date, issued_on: dt.date, card_expires: dt.date) -> dt.date:
    """A certificate's last day: the fifth birthday after issue, or the card's last day when that comes first."""
    return min(nth_birthday_after(born, issued_on, 5), card_expires)


def renewal_opens_on(expires_on: dt.date) -> dt.date:
    """The first day on which a card or certificate may be renewed: three months before its last day.

    The same day of the month, or the month's last one where it has no such day (31 May: 28 February).
    """
    month = expires_on.month - RENEWAL_MONTHS
    year, month = (expires_on.year, month) if month > 0 else (expires_on.year - 1, month + 12)
    return dt.date(year, month, min(expires_on.day, calendar.monthrange(year, month)[1]))
