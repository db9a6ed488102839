"""How long cards and certificates last, with the dates of a real test card."""

from __future__ import annotations

import datetime as dt

import pytest

from cards import validity

DAY = dt.date.fromisoformat


def test_a_real_test_card() -> None:
    born, issued = DAY("1980-02-17"), DAY("2025-10-27")
    expires = validity.card_expires_on(born=born, issued_on=issued)
    assert expires == DAY("2035-02-17")
    assert validity.certificate_expires_on(born=born, issued_on=issued, card_expires=expires) == DAY("2030-02-17")
    assert validity.last_instant(DAY("2030-02-17")).isoformat() == "2030-02-17T14:59:59+00:00"


@pytest.mark.parametrize(
    ("born", "issued", "expires"),
    [
        ("1990-04-15", "2026-04-14", "2035-04-15"),  # the day before the birthday: that one is the first
        ("1990-04-15", "2026-04-15", "2036-04-15"),
        ("2008-06-01", "2026-05-31", "2030-06-01"),  # still 17
        ("2008-06-01", "2026-06-01", "2036-06-01"),  # 18 today
        ("2024-02-29", "2026-03-01", "2031-02-28"),
        ("2000-02-29", "2026-02-27", "2035-02-28"),
        ("2000-02-29", "2026-02-28", "2036-02-29"),  # the birthday of a common year is the 28th
    ],
)
def test_birthdays(born: str, issued: str, expires: str) -> None:
    assert validity.card_expires_on(born=DAY(born), issued_on=DAY(issued)) == DAY(expires)


def test_a_period_of_stay_ends_the_card_and_the_card_its_certificates() -> None:
    born, issued = DAY("1990-04-15"), DAY("2026-06-01")
    expires = validity.card_expires_on(born=born, issued_on=issued, stay_until=DAY("2028-03-31"))
    assert expires == DAY("2028-03-31")
    assert validity.certificate_expires_on(born=born, issued_on=issued, card_expires=expires) == DAY("2028-03-31")


@pytest.mark.parametrize(
    ("registered", "day"), [("1990", "1990-12-31"), ("1992-02", "1992-02-29"), ("1990-04-15",) * 2]
)
def test_partial_dates_count_as_the_last_possible_day(registered: str, day: str) -> None:
    assert validity.born_on(registered) == DAY(day)


def test_the_day_changes_at_midnight_in_japan() -> None:
    assert validity.day_in_japan(dt.datetime(2026, 6, 1, 14, 59, 59, tzinfo=dt.UTC)) == DAY("2026-06-01")
    assert validity.day_in_japan(dt.datetime(2026, 6, 1, 15, 0, tzinfo=dt.UTC)) == DAY("2026-06-02")
