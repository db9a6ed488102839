"""The home page: what there is to do first, then who asked, then where to look."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from accounts.models import SignIn, User
from notifications.models import Message
from payments import charging
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES


def home(browser: Client) -> str:
    return browser.get("/").content.decode()


def test_what_is_due_stands_first(english: Client, hanako: User) -> None:
    page = home(country.sign_in(english, hanako))
    order = [page.index(words) for words in ("Pay 2 bills", "¥37,000", "Read 2 new letters", "Who asked about you")]
    assert order == sorted(order)


def test_nothing_to_do_is_said_in_words(english: Client, kenji: User) -> None:
    page = home(country.sign_in(english, kenji))
    assert "Nothing for now" in page
    assert "Nobody has asked about you" in page


def test_a_bill_past_its_day_is_marked(english: Client, kenji: User, at: dt.datetime) -> None:
    charging.issue(
        portal_code=kenji.portal_code,
        agency=country.FUCHU,
        reference="late",
        title="住民税",
        amount=1,
        due_on=at.date() - dt.timedelta(days=3),
        at=at - dt.timedelta(days=30),
    )
    assert "Overdue" in home(country.sign_in(english, kenji))


@pytest.mark.parametrize("days,is_told", [(80, True), (0, True), (120, False)])
def test_a_certificate_that_ends_soon_is_told(
    english: Client, kenji: User, at: dt.datetime, days: int, is_told: bool
) -> None:
    country.sign_in(english, kenji, certificate_until=at + dt.timedelta(days=days))
    assert ("Have your card&#x27;s certificate renewed" in home(english).replace("'", "&#x27;")) is is_told


def test_the_newest_three_looks_of_others_are_told(english: Client, kenji: User, at: dt.datetime) -> None:
    minute = dt.timedelta(minutes=1)
    references = [country.ask(kenji, at + n * minute) for n in range(4)]
    country.ask_oneself(kenji, at + 5 * minute)
    page = home(country.sign_in(english, kenji))
    assert re.findall(r'href="/records/([0-9a-f-]{36})/"', page) == references[:0:-1]


def test_the_sign_in_before_this_one_is_told(english: Client, kenji: User, at: dt.datetime) -> None:
    country.sign_in(english, kenji)
    SignIn.objects.create(user=kenji, at=at, purpose="sign-in", result="ACCEPTED")
    assert "The time before this one" not in home(english)
    SignIn.objects.create(user=kenji, at=dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), purpose="sign-in",
                          result="ACCEPTED")  # fmt: skip
    assert "2 January 2026, 12:04" in home(english)


def test_another_persons_letters_and_bills_do_not_count(english: Client, hanako: User, kenji: User) -> None:
    assert "Nothing for now" in home(country.sign_in(english, kenji))


def test_more_rows_cost_no_more_queries(english: Client, kenji: User, at: dt.datetime, queries: object) -> None:
    country.sign_in(english, kenji)
    counts = []
    for wanted in (1, 3):
        while Message.objects.of(kenji).count() < wanted:
            number = Message.objects.of(kenji).count()
            country.ask(kenji, at)
            country.deliver(
                portal_code=kenji.portal_code,
                sender=country.CHOFU,
                reference=f"q-{number}",
                subject="s",
                body="b",
                at=at,
            )
            charging.issue(
                portal_code=kenji.portal_code,
                agency=country.CHOFU,
                reference=f"q-{number}",
                title="t",
                amount=1,
                due_on=at.date(),
                at=at,
            )
        counts.append(queries(lambda: english.get("/")))
    assert counts[0] == counts[1]
    assert sum(counts[0].values()) <= 15


def test_the_navigation_says_where_one_is(english: Client, kenji: User) -> None:
    country.sign_in(english, kenji)
    current = re.compile(r'<a href="([^"]+)" aria-current="(page|true)"')
    assert current.findall(home(english)) == [("/", "page")]
    assert current.findall(english.get("/records/").content.decode()) == [("/records/", "page")]
