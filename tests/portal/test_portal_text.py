"""Dates in era years, days as the Japanese calendar counts them, amounts in yen."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from portal.templatetags import portal_text as text

UTC = dt.UTC


@pytest.mark.parametrize(
    "on,written",
    [
        (dt.date(2026, 11, 22), "令和8年11月22日（日）"),
        (dt.date(2019, 5, 1), "令和元年5月1日（水）"),
        (dt.date(2019, 4, 30), "平成31年4月30日（火）"),
        (dt.date(1989, 1, 8), "平成元年1月8日（日）"),
        (dt.date(1989, 1, 7), "昭和64年1月7日（土）"),
        (dt.date(1926, 12, 25), "昭和元年12月25日（土）"),
        (dt.date(1926, 12, 24), "大正15年12月24日（金）"),
        (dt.date(1912, 7, 30), "大正元年7月30日（火）"),
        (dt.date(1912, 7, 29), "明治45年7月29日（月）"),
        (dt.date(1873, 1, 1), "明治6年1月1日（水）"),
        (dt.date(1872, 12, 31), "1872年12月31日（火）"),
    ],
)
def test_days_in_era_years(on: dt.date, written: str) -> None:
    with translation.override("ja"):
        assert text.written_day(on) == written


def test_a_day_in_english_and_for_machines() -> None:
    with translation.override("en"):
        assert text.day(dt.date(2026, 11, 2)) == '<time datetime="2026-11-02">2 November 2026</time>'


def test_an_instant_is_told_in_the_time_of_japan() -> None:
    late = dt.datetime(2026, 11, 21, 15, 5, tzinfo=UTC)
    with translation.override("ja"):
        assert text.date_time(late) == ('<time datetime="2026-11-22T00:05+09:00">令和8年11月22日（日） 0時05分</time>')
        assert text.day(late) == '<time datetime="2026-11-22">令和8年11月22日（日）</time>'
    with translation.override("en"):
        assert ">22 November 2026, 0:05</time>" in text.date_time(late)


def test_a_day_without_its_weekday() -> None:
    with translation.override("ja"):
        assert ">平成2年4月15日</time>" in text.plain_day(dt.date(1990, 4, 15))


@pytest.mark.parametrize(
    "amount,japanese,english",
    [(18_500, "18,500円", "¥18,500"), (0, "0円", "¥0"), (1_234_567, "1,234,567円", "¥1,234,567"), (None, "", "")],
)
def test_amounts(amount: int | None, japanese: str, english: str) -> None:
    with translation.override("ja"):
        assert text.yen(amount) == japanese
    with translation.override("en"):
        assert text.yen(amount) == english


def test_nothing_is_written_as_nothing() -> None:
    assert (text.day(None), text.date_time(None)) == ("", "")
