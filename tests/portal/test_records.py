"""The access records: every event in words, refused ones too, the older ones behind, a stranger's never."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from accounts.models import User
from portal.views import records as view
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES
MINUTE = dt.timedelta(minutes=1)


def test_each_kind_of_event_is_told_in_one_sentence(english: Client, hanako: User) -> None:
    page = country.sign_in(english, hanako).get("/records/").content.decode()
    told = [
        "Chofu City asked Mitaka City about “Local tax”, for “Child Allowance: recognition and change of amount”.",
        "Chofu City wanted to ask Mitaka City about “Local tax”. It was refused, and nothing was given.",
        "A clerk of Chofu City looked at “Resident record”, for a notification of moving.",
        "Chofu City was given its own code for you, in place of your number.",
        "Chofu City sent you: Notice, for “Child Allowance: recognition and change of amount”.",
        "You had your own information shown: 2 questions to the agencies.",
    ]
    assert [sentence for sentence in told if sentence not in page] == []
    assert [badge for badge in ("Answered", "Refused", "Not registered yet", "Looked at", "Delivered", "Code issued")
            if f">{badge}</span>" not in page] == []  # fmt: skip


def test_the_newest_comes_first(english: Client, kenji: User, at: dt.datetime) -> None:
    references = [country.ask(kenji, at + n * MINUTE) for n in range(3)]
    page = country.sign_in(english, kenji).get("/records/").content.decode()
    assert re.findall(r'href="/records/([0-9a-f-]{36})/"', page) == references[::-1]


def test_the_detail_says_who_whom_what_why_and_by_which_law(english: Client, hanako: User, at: dt.datetime) -> None:
    reference = country.ask(hanako, at)
    page = country.sign_in(english, hanako).get(f"/records/{reference}/").content.decode()
    expected = ["Chofu City", "Mitaka City", "Local tax", "Total income", "Deductions from income",
                "Child Allowance: recognition and change of amount", "My Number Act, article 19, item 8",
                "Information was provided", reference]  # fmt: skip
    assert [words for words in expected if words not in page] == []


def test_the_detail_of_a_refusal_says_that_no_law_allows_it(english: Client, hanako: User, at: dt.datetime) -> None:
    reference = country.ask(hanako, at, affair="JM90000000000099")
    page = country.sign_in(english, hanako).get(f"/records/{reference}/").content.decode()
    expected = ["None: that is why it was refused", "It was refused at once", "Refused: no law allows it"]
    assert [words for words in expected if words not in page] == []


@pytest.mark.parametrize(
    ("language", "corrected", "withdrawn", "told"),
    [
        ("en", "Mitaka City corrected what it had provided here: it had been wrong.",
         "Mitaka City withdrew what it had provided here: it should not have been given.", "Chofu City is told of it"),
        ("ja", "三鷹市は、ここで提供した情報に誤りがあったため、訂正しました。",
         "三鷹市は、ここで提供した情報が提供すべきでないものだったため、取り下げました。", "調布市には、"),
    ],
)  # fmt: skip
def test_what_was_corrected_or_withdrawn_later_stands_beside_its_record(
    hanako: User, at: dt.datetime, language: str, corrected: str, withdrawn: str, told: str
) -> None:
    browser = country.sign_in(Client(headers={"accept-language": language}), hanako)
    reference = country.ask(hanako, at)
    other = country.ask(hanako, at, whom=country.FUCHU)
    said_before = browser.get("/records/").content.decode()
    country.correct(hanako, at)
    pages = [browser.get(f"/records/{reference}/").content.decode(), browser.get("/records/").content.decode()]
    assert [corrected in page for page in (said_before, *pages)] == [False, True, True]
    assert told in pages[0]
    assert corrected not in browser.get(f"/records/{other}/").content.decode()
    country.withdraw(hanako, at + MINUTE)
    pages = [browser.get(f"/records/{reference}/").content.decode(), browser.get("/records/").content.decode()]
    assert [withdrawn in page for page in pages] == [True, True]


@pytest.mark.parametrize(
    "kind,words", [("look", "A clerk of Chofu City"), ("self", "You yourself, through"), ("send", "Who sent")]
)
def test_the_detail_of_other_kinds(english: Client, kenji: User, at: dt.datetime, kind: str, words: str) -> None:
    {"look": country.look, "self": country.ask_oneself, "send": country.send}[kind](kenji, at)
    page = country.sign_in(english, kenji).get("/records/").content.decode()
    reference = re.search(r'href="/records/([0-9a-f-]{36})/"', page)[1]
    assert words in english.get(f"/records/{reference}/").content.decode()


def test_older_records_stand_on_the_next_page(
    english: Client, kenji: User, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "_PAGE", 2)
    references = [country.ask(kenji, at + n * MINUTE) for n in range(5)][::-1]
    country.sign_in(english, kenji)
    pages, address = [], "/records/"
    while address:
        page = english.get(address).content.decode()
        pages.append(re.findall(r'href="/records/([0-9a-f-]{36})/"', page))
        older = re.search(r'href="(\?before=[^"]+)"', page)
        address = f"/records/{older[1]}" if older else ""
    assert pages == [references[:2], references[2:4], references[4:]]


@pytest.mark.parametrize("before", ["x", "00000000-0000-4000-8000-000000000000", "'", "%00"])
def test_a_page_behind_no_record_of_mine_does_not_exist(english: Client, kenji: User, before: str) -> None:
    assert country.sign_in(english, kenji).get(f"/records/?before={before}").status_code == 404


def test_a_strangers_record_is_no_place_to_page_from(
    english: Client, hanako: User, kenji: User, at: dt.datetime
) -> None:
    theirs = country.ask(hanako, at)
    assert country.sign_in(english, kenji).get(f"/records/?before={theirs}").status_code == 404


def test_nobodys_records_are_an_empty_page(english: Client, kenji: User, hanako: User) -> None:
    page = country.sign_in(english, kenji).get("/records/").content.decode()
    assert "There is no record yet" in page
    assert "Chofu City" not in page


def test_withheld_records_are_counted_and_explained(
    english: Client, kenji: User, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view.exchange_records, "withheld_count", lambda **_: 2)
    monkeypatch.setattr(view.exchange_records, "next_disclosure", lambda **_: dt.date(2027, 3, 1))
    page = country.sign_in(english, kenji).get("/records/").content.decode()
    assert "2 records are not shown for now" in page
    assert "1 March 2027" in page


def test_more_rows_cost_no_more_queries(english: Client, kenji: User, at: dt.datetime, queries: object) -> None:
    country.sign_in(english, kenji)
    counts = []
    for wanted in (1, 3):
        while len(re.findall('class="record"', english.get("/records/").content.decode())) < wanted:
            country.ask(kenji, at)
        counts.append(queries(lambda: english.get("/records/")))
    assert counts[0] == counts[1]
