"""One press on the record's page asks; there the answer stands, and nobody else can ask, read or move it."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.contact import set_email
from accounts.models import User
from agencies.models import Agency
from cards.models import Card
from crossings import ask
from exchange import questions
from exchange.question_models import Question
from notifications.models import Message
from residents import protection
from tests.portal import country
from tests.support import DATABASES

pytestmark = DATABASES

WORDS = "児童手当は申請していません"


@pytest.fixture
def record(hanako: User, at: dt.datetime) -> str:
    return country.ask(hanako, at)


@pytest.fixture
def mine(english: Client, hanako: User, at: dt.datetime) -> Client:
    return country.sign_in(english, hanako, card=country.give_card(hanako, at))


def page_of(record: str) -> str:
    return f"/records/{record}/"


def send(client: Client, record: str, **changes: str) -> object:
    return client.post(f"/records/{record}/question/", {"ground": "NOT_ME", "text": WORDS, **changes})


def answer(text: str = "認定のためです") -> None:
    question = Question.objects.get()
    ask.answer(agency=question.agency, question=question, text=text, at=timezone.now())


def shown(client: Client, record: str) -> str:
    return re.sub(r"\s+", " ", client.get(page_of(record)).content.decode())


def test_asked_answered_read_and_closed(
    mine: Client, record: str, hanako: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    assert "Ask about this record" in shown(mine, record)
    assert send(mine, record)["Location"] == page_of(record)
    page = shown(mine, record)
    assert "Your question has been sent." in page and WORDS in page and "It was not me who applied" in page
    assert "Ask about this record" not in page and "Pass it to the commission" not in page
    set_email(user=hanako, address="hanako@example.jp")
    before = set(Message.objects.values_list("pk", flat=True))
    with django_capture_on_commit_callbacks(using="default", execute=True):
        answer()
    page = shown(mine, record)
    assert "認定のためです" in page and "This answers my question" in page and "Pass it to the commission" in page
    letter = Message.objects.of(hanako).exclude(pk__in=before).get()
    assert (letter.sender, letter.subject) == (country.CHOFU, "アクセス記録についてのお尋ねに回答がありました")
    assert "認定のためです" not in letter.body + mail.outbox[-1].body
    assert mail.outbox[-1].to == ["hanako@example.jp"]
    mine.post(f"/records/{record}/question/{Question.objects.get().pk}/close/")
    page = shown(mine, record)
    assert "The question is closed." in page and "認定のためです" in page and "Ask about this record" in page


def test_unsatisfied_she_passes_it_on_and_the_commission_answers(mine: Client, record: str, hanako: User) -> None:
    send(mine, record)
    answer()
    question = Question.objects.get()
    mine.post(f"/records/{record}/question/{question.pk}/pass-on/")
    assert "The commission has your question now." in shown(mine, record)
    ask.rule(question=question, text="照会は適法でした", at=timezone.now())
    assert "照会は適法でした" in shown(mine, record)
    assert {message.sender for message in Message.objects.of(hanako)} >= {"900051", "132080"}


def test_after_the_deadline_the_press_is_there(mine: Client, record: str) -> None:
    send(mine, record)
    pass_on = f"/records/{record}/question/{Question.objects.get().pk}/pass-on/"
    mine.post(pass_on)
    assert Question.objects.get().state == "ASKED"
    Question.objects.update(answer_by=timezone.localdate() - dt.timedelta(days=1))
    page = shown(mine, record)
    assert "No answer in time" in page and pass_on in page
    mine.post(pass_on)
    assert Question.objects.get().state == "ESCALATED"


def test_asked_twice_is_asked_once(mine: Client, record: str) -> None:
    send(mine, record)
    assert send(mine, record).status_code == 302
    assert "You have asked already." in shown(mine, record)
    assert Question.objects.count() == 1


def test_as_often_as_one_may_in_a_day(
    mine: Client, record: str, hanako: User, at: dt.datetime, settings: object
) -> None:
    settings.QUESTIONS_PER_DAY = 1
    send(mine, record)
    other = country.ask(hanako, at)
    send(mine, other)
    assert "as often as one can in a day" in shown(mine, other)
    assert Question.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ground": ""}, "Choose why you ask."),
        ({"ground": "BECAUSE"}, "BECAUSE"),
        ({"text": "あ" * 1001}, "At most 1,000 characters."),
        ({"text": "私は1234-5678-9018です"}, "something like an Individual Number"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(mine: Client, record: str, wrong: dict[str, str], said: str) -> None:
    answered = send(mine, record, **wrong)
    page = answered.content.decode()
    assert (answered.status_code, said in page, Question.objects.count()) == (422, True, 0)
    assert "Nothing has been sent yet" in page
    assert ("text" in wrong) or WORDS in page


def test_of_her_own_question_she_is_told_what_to_do_instead(mine: Client, hanako: User, at: dt.datetime) -> None:
    own = country.ask_oneself(hanako, at)
    page = shown(mine, own)
    assert "Ask about this record" not in page and "have your card stopped" in page
    assert send(mine, own).status_code == 404


@pytest.mark.parametrize("what", ["ask", "pass-on", "close"])
def test_another_persons_record_and_question_are_not_found(
    english: Client, hanako: User, kenji: User, record: str, at: dt.datetime, what: str
) -> None:
    question = ask.ask(user=hanako, reference=uuid.UUID(record), ground="UNCLEAR", is_protected=False, at=at)
    ask.answer(agency=question.agency, question=question, text="認定のためです", at=at)
    country.sign_in(english, kenji, name="kenji")
    if what == "ask":
        assert send(english, record).status_code == 404
    else:
        for path in (record, country.ask(kenji, at)):
            assert english.post(f"/records/{path}/question/{question.pk}/{what}/").status_code == 404
    assert (Question.objects.count(), Question.objects.get().state) == (1, "ANSWERED")
    assert english.get(page_of(record)).status_code == 404


@pytest.mark.parametrize("record", [str(uuid.UUID(int=5))])
def test_nobody_and_a_clerk_ask_nothing(client: Client, clerk: User, record: str) -> None:
    assert send(client, record).status_code == 302
    assert send(country.sign_in(client, clerk), record).status_code == 403
    assert client.get(f"/records/{record}/question/").status_code == 405


def test_a_forged_post_is_refused(hanako: User, record: str) -> None:
    client = country.sign_in(Client(enforce_csrf_checks=True), hanako)
    assert send(client, record).status_code == 403
    assert Question.objects.count() == 0


# --- a protected person ---


def agencies_words() -> str:
    (received,) = questions.to_agency(agency=Agency.objects.known(country.CHOFU), at=timezone.now())
    return received.text


def test_words_go_to_the_agency(mine: Client, record: str) -> None:
    send(mine, record)
    assert agencies_words() == WORDS


def test_of_a_protected_person_they_wait_for_the_commission(mine: Client, record: str, at: dt.datetime) -> None:
    protection.protect(resident=Card.objects.get().resident, until_on=None, by="x", at=at)
    assert "Your address is protected." in shown(mine, record)
    send(mine, record)
    assert agencies_words() == ""
    assert WORDS in shown(mine, record)


def test_without_a_card_in_the_session_they_wait_too(english: Client, hanako: User, record: str) -> None:
    send(country.sign_in(english, hanako), record)
    assert agencies_words() == ""


# --- the letter ---


def test_a_letter_that_a_crash_left_unwritten_is_written_once(
    mine: Client, record: str, hanako: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(mine, record)
    before = Message.objects.count()
    with monkeypatch.context() as patch:
        patch.setattr(ask, "_tell", lambda question_id, at: None)
        answer()
    assert (Message.objects.count(), Question.objects.get().to_be_told) == (before, True)
    for expected in (1, 0):
        assert ask.tell_waiting(at=timezone.now()) == expected
        assert Message.objects.count() == before + 1
    hanako.language = "en"
    hanako.save()
    Question.objects.update(to_be_told=True)
    assert (ask.tell_waiting(at=timezone.now()), Message.objects.count()) == (1, before + 1)


def test_an_answer_counts_whatever_becomes_of_its_letter(
    mine: Client, record: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    send(mine, record)

    def fail(**values: object) -> None:
        raise OSError("mailbox of 山田 花子")

    with monkeypatch.context() as patch:
        patch.setattr("notifications.delivery.deliver", fail)
        answer()
    assert (Question.objects.get().state, Question.objects.get().to_be_told) == ("ANSWERED", True)
    assert ("OSError" in caplog.text, "山田" in caplog.text) == (True, False)
    assert (ask.tell_waiting(at=timezone.now()), Question.objects.get().to_be_told) == (1, False)


@pytest.mark.parametrize("lost", ["passed on", "no mailbox"])
def test_where_there_is_nothing_to_tell_it_ends_there(mine: Client, record: str, lost: str) -> None:
    send(mine, record)
    before, question = Message.objects.count(), Question.objects.get()
    if lost == "passed on":
        questions.answer(agency=question.agency, question=question, text="x", at=timezone.now())
        mine.post(f"/records/{record}/question/{question.pk}/pass-on/")
    else:
        Question.objects.update(to_be_told=True, reply_sealed=None)
    assert (ask.tell_waiting(at=timezone.now()), ask.tell_waiting(at=timezone.now())) == (1, 0)
    assert Message.objects.count() == before


def test_the_page_costs_the_same_with_one_question_and_with_many(
    mine: Client, record: str, queries: Callable[[Callable[[], object]], dict[str, int]], settings: object
) -> None:
    settings.QUESTIONS_PER_DAY = 100
    send(mine, record)
    answer()
    mine.post(f"/records/{record}/question/{Question.objects.get().pk}/close/")
    one = queries(lambda: mine.get(page_of(record)))
    for _ in range(4):
        send(mine, record)
        Question.objects.filter(state="ASKED").update(state="CLOSED", closed_at=timezone.now())
    assert (queries(lambda: mine.get(page_of(record))), Question.objects.count()) == (one, 5)
