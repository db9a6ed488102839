"""My information: asked for at the press of the button, sealed under the browser's key, with source and reasons."""

from __future__ import annotations

import datetime as dt
import logging
import re
from dataclasses import replace

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import session_vault
from accounts.models import User
from exchange import self_inquiry
from exchange.inquiry import Answer, Refused
from holdings.layout import NULL_REASONS
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES


def shown(browser: Client) -> str:
    answer = browser.post("/information/", follow=True)
    assert answer.redirect_chain == [("/information/", 302)]
    return answer.content.decode()


def test_nothing_is_fetched_before_the_button_is_pressed(english: Client, hanako: User) -> None:
    page = country.sign_in(english, hanako).get("/information/").content.decode()
    assert "Nothing has been fetched yet" in page
    assert "¥3,120,000" not in page


def test_it_shows_what_the_agencies_hold_and_who_holds_it(english: Client, hanako: User) -> None:
    page = shown(country.sign_in(english, hanako))
    expected = ["Local tax", "¥3,120,000", "As Mitaka City holds it", "Resident record",
                "About 山田　花子, as Chofu City holds it", "15 April 1990", "厚生年金", "As Japan Pension Service",
                "Fetched"]  # fmt: skip
    assert [words for words in expected if words not in page] == []


def test_absence_has_its_reason_in_words(english: Client, hanako: User) -> None:
    page = shown(country.sign_in(english, hanako))
    expected = ["Not decided yet", "Does not apply to you"]
    assert [words for words in expected if words not in page] == []
    assert "NOT_" not in page


REASONS = {
    "NOT_APPLICABLE": {"en": "Does not apply to you", "ja": "該当しません"},
    "NOT_HELD": {"en": "Not held by this agency", "ja": "この機関には記録がありません"},
    "WITHHELD": {"en": "Not shown, for a reason in law", "ja": "法令の理由により表示できません"},
    "NOT_YET_FIXED": {"en": "Not decided yet", "ja": "まだ確定していません"},
}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_reason_for_absence_has_words(kenji: User, at: dt.datetime, language: str) -> None:
    assert set(REASONS) == set(NULL_REASONS)
    items = dict(zip(("_0100000010", "_0100000030", "_0100000040", "_0100000050"), REASONS, strict=True))
    held = {item: f"<{reason}>" for item, reason in items.items()}
    country.hold(kenji, country.CHOFU, country.RESIDENT, at - dt.timedelta(days=1), **held)
    page = shown(country.sign_in(Client(headers={"accept-language": language}), kenji))
    assert [words[language] for words in REASONS.values() if f">{words[language]}</span>" not in page] == []
    assert not any(reason in page for reason in REASONS)


def test_what_is_being_checked_is_not_called_nothing(english: Client, hanako: User, at: dt.datetime) -> None:
    country.correct(hanako, at)
    country.withdraw(hanako, at, reason="WRONG_CONTENT")
    page = shown(country.sign_in(english, hanako))
    assert "Mitaka City: Local tax – not registered yet, or being checked" in page


def test_each_card_leads_to_the_record_of_its_question(english: Client, hanako: User) -> None:
    page = shown(country.sign_in(english, hanako))
    records = re.findall(r'href="(/records/[0-9a-f-]{36}/)"', page)
    assert len(records) == 3
    detail = english.get(records[0])
    assert detail.status_code == 200
    assert "You yourself" in detail.content.decode()


def test_agencies_that_hold_nothing_are_named(english: Client, kenji: User) -> None:
    page = shown(country.sign_in(english, kenji))
    assert "No agency holds anything about you" in page
    assert "Asked, and nothing is held: 14 kinds of data" in page


def test_one_persons_answers_are_not_anothers(english: Client, hanako: User, kenji: User) -> None:
    assert "3,120,000" in shown(country.sign_in(Client(), hanako))
    assert "3,120,000" not in shown(country.sign_in(english, kenji))


def test_a_failure_of_one_agency_hides_no_others_answer(
    english: Client, hanako: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = self_inquiry.ask

    def failing(**given: object) -> Answer:
        if given["provider"].local_code == country.PENSION:
            raise ConnectionError("ここに住所が書いてある")
        return asked(**given)

    monkeypatch.setattr(self_inquiry, "ask", failing)
    with caplog.at_level(logging.INFO):
        page = shown(country.sign_in(english, hanako))
    assert "Something could not be fetched" in page
    assert "Japan Pension Service: Pension enrolment" in page
    assert "¥3,120,000" in page
    assert "住所" not in caplog.text


def test_a_refusal_is_told_and_lies_on_record(english: Client, kenji: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> Answer:
        raise Refused("2002", "00000000-0000-4000-8000-000000000000")

    monkeypatch.setattr(self_inquiry, "ask", refused)
    assert "the exchange refused it" in shown(country.sign_in(english, kenji))


def test_the_answers_lie_sealed_in_the_session(english: Client, hanako: User) -> None:
    shown(country.sign_in(english, hanako))
    stored = Session.objects.get(pk=english.cookies["session"].value).get_decoded()
    assert "answers" in stored["vault"]
    plain = str(stored)
    assert [secret for secret in ("3120000", "山田", "Hanako", "132047") if secret in plain] == []


def test_a_thief_of_the_session_without_the_browsers_key_sees_nothing(english: Client, hanako: User) -> None:
    shown(country.sign_in(english, hanako))
    thief = Client(headers={"accept-language": "en"})
    thief.cookies["session"] = english.cookies["session"].value
    page = thief.get("/information/").content.decode()
    assert "Please sign out and sign in again" in page
    assert "3,120,000" not in page
    thief.cookies[session_vault.COOKIE] = "A" * 43 + "="
    assert "3,120,000" not in thief.get("/information/").content.decode()


def test_more_copies_cost_no_more_queries(english: Client, kenji: User, at: dt.datetime, queries: object) -> None:
    country.sign_in(english, kenji)
    country.hold(kenji, country.MITAKA, country.TAX, at, _0200000010="1")
    shown(english)
    one = queries(lambda: english.get("/information/"))
    country.hold(kenji, country.CHOFU, country.TAX, at, _0200000010="1")
    country.hold(kenji, country.CHOFU, country.RESIDENT, at, _0100000010="佐藤　健司")
    shown(english)
    assert queries(lambda: english.get("/information/")) == one


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("0109", "Somebody at the agency decides whether this is shown"),
        ("4001", "the agency declined to show it; ask the agency why."),
    ],
)
def test_what_an_agency_decides_by_hand_is_told(
    english: Client, hanako: User, monkeypatch: pytest.MonkeyPatch, outcome: str, words: str
) -> None:
    original = self_inquiry.ask

    def by_hand(**facts: object) -> Answer:
        answer = original(**facts)
        return replace(answer, outcome=outcome, items=[], answered_at=None)

    monkeypatch.setattr(self_inquiry, "ask", by_hand)
    page = shown(country.sign_in(english, hanako))
    assert words in page
    assert "No agency holds anything about you" not in page
