"""An agency's system fetches what citizens ask about its records, and answers."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from crossings import ask
from exchange import questions
from exchange.question_models import Question
from notifications.models import Mailbox, Message
from tests.api.sides import Country
from tests.api.test_schema import schema, validate  # noqa: F401 - a fixture
from tests.support import DATABASES

pytestmark = DATABASES

COLLECT, ANSWER = "/api/v1/questions/collect", "/api/v1/questions/answer"
WORDS = "どの手続きのためですか"


@pytest.fixture
def record(country: Country) -> str:
    """The reference of an inquiry by Chofu, about which Hanako has asked."""
    reference = str(country.chofu.post("/api/v1/inquiries", country.inquiry()).json["record"])
    put(country, reference)
    return reference


def put(country: Country, reference: str, **changes: Any) -> Question:
    user = User.objects.citizen(country.portal_code_of(country.hanako))
    given = {"ground": "NOT_ME", "text": WORDS, "is_protected": False, "at": timezone.now(), **changes}
    return ask.ask(user=user, reference=uuid.UUID(reference), **given)


def test_it_is_fetched_until_it_is_answered(country: Country, record: str, schema: dict[str, Any]) -> None:  # noqa: F811
    question = Question.objects.get()
    fetched = country.chofu.post(COLLECT, {})
    assert fetched.json == {
        "questions": [
            {
                "record": record,
                "ground": "NOT_ME",
                "text": WORDS,
                "case_number": "CA-2026-0417",
                "asked_on": question.asked_on.isoformat(),
                "answer_by": question.answer_by.isoformat(),
                "is_overdue": False,
            }
        ]
    }
    body = {"record": record, "text": "児童手当の\n認定のためです。"}
    answered = country.chofu.post(ANSWER, body)
    for name, value in [("Questions", fetched.json), ("QuestionAnswer", body), ("QuestionAnswered", answered.json)]:
        validate(schema, name, value)
    assert (answered.status, answered.json["record"]) == (200, record)
    assert country.chofu.post(COLLECT, {}).json == {"questions": []}


def test_the_person_reads_it_and_a_letter_says_only_that_it_is_there(country: Country, record: str) -> None:
    country.chofu.post(ANSWER, {"record": record, "text": "認定のためです"})
    portal_code = country.portal_code_of(country.hanako)
    (asked,) = questions.of_record(portal_code=portal_code, reference=record, at=timezone.now())
    (letter,) = Message.objects.filter(mailbox=Mailbox.objects.get(portal_code=portal_code))
    assert (asked.answer, letter.sender) == ("認定のためです", "132080")
    assert "認定のためです" not in letter.subject + letter.body
    assert Question.objects.get().to_be_told is False


def test_the_same_again_changes_nothing_and_another_answer_is_refused(country: Country, record: str) -> None:
    first = country.chofu.post(ANSWER, {"record": record, "text": "認定のためです"})
    again = country.chofu.post(ANSWER, {"record": record, "text": " 認定のためです\n"})
    other = country.chofu.post(ANSWER, {"record": record, "text": "間違いでした"})
    assert (again.status, again.json) == (200, first.json)
    assert (other.status, other.kind) == (409, "question-answered")
    assert Message.objects.count() == 1


@pytest.mark.parametrize("whose", ["another agency's", "invented", "without a question", "passed on"])
def test_what_is_not_to_be_answered_here_is_not_found(country: Country, record: str, whose: str) -> None:
    side, reference = country.chofu, record
    if whose == "another agency's":
        side = country.mitaka
    elif whose == "invented":
        reference = str(uuid.uuid4())
    elif whose == "without a question":
        reference = str(country.chofu.post("/api/v1/inquiries", country.inquiry()).json["record"])
    else:
        question = Question.objects.get()
        Question.objects.update(answer_by=date(2020, 1, 1))
        portal_code = country.portal_code_of(country.hanako)
        questions.pass_on(portal_code=portal_code, question_id=question.pk, at=timezone.now())
    answer = side.post(ANSWER, {"record": reference, "text": "x"})
    assert (answer.status, answer.kind) == (404, "no-such-question")
    assert country.mitaka.post(COLLECT, {}).json == {"questions": []}


def test_words_of_a_protected_person_are_left_out(country: Country) -> None:
    reference = str(country.chofu.post("/api/v1/inquiries", country.inquiry()).json["record"])
    put(country, reference, is_protected=True)
    assert [question["text"] for question in country.chofu.post(COLLECT, {}).json["questions"]] == [""]


@pytest.mark.parametrize("text", ["123456789018", "番号は 1234-5678-9018 です"])
def test_no_number_in_an_answer(country: Country, record: str, text: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = country.chofu.post(ANSWER, {"record": record, "text": text})
    assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (400, ["text"])
    assert text not in answer.text + caplog.text
    assert Question.objects.get().state == "ASKED"
