"""Dates and amounts as people write them: 令和8年11月22日（日） and 18,500円, or 22 November 2026 and ¥18,500."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

# The first day of each era and its first year, newest first (Era Name Act). Meiji is counted from 1868, but its days
# are those of our calendar only since 1 January 1873.
_ERAS = (
    (date(2019, 5, 1), "令和", 2019),
    (date(1989, 1, 8), "平成", 1989),
    (date(1926, 12, 25), "昭和", 1926),
    (date(1912, 7, 30), "大正", 1912),
    (date(1873, 1, 1), "明治", 1868),
)
_WEEKDAYS = "月火水木金土日"


def era_year(on: date) -> str:
    """令和8年; the first year of an era is 元年. Days before the table are written in the common era."""
    for first, name, first_year in _ERAS:
        if on >= first:
            year = on.year - first_year + 1
            return f"{name}{'元' if year == 1 else year}年"
    return f"{on.year}年"


def written_day(on: date, *, weekday: bool = True) -> str:
    """The day in the active language."""
    if _is_japanese():
        return f"{era_year(on)}{on.month}月{on.day}日" + (f"（{_WEEKDAYS[on.weekday()]}）" if weekday else "")
    return f"{on.day} {on:%B} {on.year}"


@register.filter
def day(value: date | datetime | None) -> SafeString | str:
    """A day in Japan, in words and for machines."""
    if value is None:
        return ""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), written_day(on))


@register.filter
def plain_day(value: date | None) -> SafeString | str:
    """A day long ago or far ahead, where the day of the week says nothing."""
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), written_day(value, weekday=False))


@register.filter
def month(value: date) -> str:
    """The month of a day: 令和8年11月, or November 2026."""
    return f"{era_year(value)}{value.month}月" if _is_japanese() else f"{value:%B} {value.year}"


@register.filter
def fact(value: Any) -> Any:
    """A value in a list of facts: instants and days in words, all else as it is."""
    if isinstance(value, datetime):
        return date_time(value)
    return plain_day(value) if isinstance(value, date) else value


@register.filter
def date_time(value: datetime | None) -> SafeString | str:
    """An instant in Japan's time: the day, and the hour and minute."""
    if value is None:
        return ""
    at = timezone.localtime(value)
    clock = f"{at.hour}時{at.minute:02}分" if _is_japanese() else f"{at.hour}:{at.minute:02}"
    separator = " " if _is_japanese() else ", "
    written = f"{written_day(at.date())}{separator}{clock}"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="minutes"), written)


@register.filter
def yen(amount: int | None) -> str:
    """18,500円 or ¥18,500."""
    if amount is None:
        return ""
    return f"{amount:,}円" if _is_japanese() else f"¥{amount:,}"


def _is_japanese() -> bool:
    return (get_language() or "ja").startswith("ja")
