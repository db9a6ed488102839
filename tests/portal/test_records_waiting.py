"""A citizen reads of an inquiry that waits, and how it ended, in both languages."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from accounts.models import User
from agencies.models import Agency
from exchange import decisions, ledger, standing
from holdings import waiting
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES


def ended(end: str, record: str, at: dt.datetime) -> None:
    reference = ledger.reference(ledger.event_of(record, ledger.INQUIRER), ledger.PROVIDER)
    if end == "declined":
        decisions.decline(provider=Agency.objects.known(country.MITAKA), reference=reference, at=at)
    if end == "cancelled":
        standing.cancel(inquirer=Agency.objects.known(country.CHOFU), record=record, at=at)
    if end == "overdue":
        standing.end_overdue(at=at + dt.timedelta(days=11))


@pytest.mark.parametrize(
    ("end", "english_words", "japanese_words"),
    [
        ("", ["Not answered yet", "somebody at the provider decides"], ["回答待ち", "職員が、提供するかどうかを判断"]),
        ("declined", ["Declined", "the provider declined", "When it ended"], ["回答しない決定", "終わった日時"]),
        ("cancelled", ["Taken back", "took the question back", "When it ended"], ["照会の取消し", "終わった日時"]),
        ("overdue", ["No answer", "no answer came in time", "When it ended"], ["期限までに回答がありません"]),
    ],
)
def test_what_waits_and_how_it_ended(
    english: Client, kenji: User, at: dt.datetime, end: str, english_words: list[str], japanese_words: list[str]
) -> None:
    waiting.set_by_hand(agency=country.MITAKA, data_set=country.TAX)
    record = country.ask(kenji, at)
    ended(end, record, at)
    browser = country.sign_in(english, kenji)
    for language, words in (("en", english_words), ("ja", japanese_words)):
        browser.cookies["django_language"] = language
        page = browser.get(f"/records/{record}/").content.decode()
        assert [each for each in words if each not in page] == []
        assert words[0] in browser.get("/records/").content.decode() or end == "overdue"
