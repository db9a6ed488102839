"""Periods and days of the law."""

from __future__ import annotations

from datetime import UTC, date, datetime

from holdings.periods import Period, legal_day


def test_a_period_is_written_short():
    assert [
        str(Period(fiscal_year=2026)),
        str(Period.on(date(2026, 4, 1))),
        str(Period(begins_on=date(2026, 4, 1))),
        str(Period(ends_on=date(2026, 4, 1))),
        str(Period()),
    ] == ["2026", "2026-04-01/2026-04-01", "2026-04-01/", "/2026-04-01", ""]


def test_the_day_turns_at_midnight_in_japan():
    assert legal_day(datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert legal_day(datetime(2026, 11, 22, 15, 0, tzinfo=UTC)) == date(2026, 11, 23)
