"""What is said of a record that no clerk's look and no exchange brought about."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from accounts.models import User
from agencies.models import Agency
from exchange import ledger, looks
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES


@pytest.mark.parametrize(
    ("language", "sentence", "outcome"),
    [
        (
            "en",
            "Chofu City told Mitaka City whether support measures protect your address.",
            ["Agency told", "Which agency", "Who was told", "The agency was told", "telling agencies to keep"],
        ),
        (
            "ja",
            "調布市が、あなたの支援措置（住所を知られないための措置）の有無を三鷹市に知らせました。",
            ["機関への連絡", "知らせを受けた機関", "機関に知らせました", "支援措置の有無"],
        ),
    ],
)
def test_she_reads_that_an_agency_was_told_to_protect_her(
    english: Client, kenji: User, at: dt.datetime, language: str, sentence: str, outcome: list[str]
) -> None:
    look = looks.Look(
        agency=Agency.objects.known(country.CHOFU),
        subject=ledger.subject_of(kenji.portal_code),
        what="protection",
        purpose="PROTECTION",
        told=Agency.objects.known(country.MITAKA),
    )
    (reference,) = looks.record_all([look], at=at)
    browser = country.sign_in(english, kenji)
    browser.cookies["django_language"] = language
    assert sentence in browser.get("/records/").content.decode()
    page = browser.get(f"/records/{reference}/").content.decode()
    assert [words for words in [sentence, *outcome] if words not in page] == []
    assert "A clerk of" not in page and "の職員" not in page
