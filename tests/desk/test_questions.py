"""An agency answers what citizens ask about its own records; the commission what was passed on to it."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from agencies.models import Agency
from crossings import ask
from crossings.codes import portal_code_of
from exchange import ledger, looks, questions
from exchange.question_models import Question
from notifications.models import Message
from tests.desk.test_queries import queries_of
from tests.desk.world import CHOFU, World, clerk
from tests.support import DATABASES

pytestmark = DATABASES

WORDS = "なぜ開いたのですか"


@pytest.fixture
def question(world: World) -> Question:
    return put(world)


def put(world: World, **changes: object) -> Question:
    """Hanako asks about a look by Chofu."""
    reference = looks.record(
        agency=Agency.objects.get(local_code=CHOFU), subject=ledger.subject_of(portal_code_of(world.hanako)),
        purpose="CERTIFICATE", case_number="2026-1", clerk="p", what="register", at=timezone.now(),
    )  # fmt: skip
    user = User.objects.citizen(portal_code_of(world.hanako))
    given = {"ground": "UNCLEAR", "text": WORDS, "is_protected": False, "at": timezone.now(), **changes}
    return ask.ask(user=user, reference=uuid.UUID(reference), **given)


def pass_on(world: World, question: Question) -> None:
    Question.objects.update(answer_by=date(2026, 1, 31))
    questions.pass_on(portal_code=portal_code_of(world.hanako), question_id=question.pk, at=timezone.now())


def test_the_agency_reads_the_record_and_the_words_and_not_the_person(world: World, question: Question) -> None:
    client = world.client(world.clerk)
    where = reverse("desk:question", args=[question.pk])
    assert where in client.get(reverse("desk:questions")).content.decode()
    page = client.get(where).content.decode()
    for shown in (WORDS, "2026-1", "理由がわからない", ledger.reference(question.event, ledger.INQUIRER)):
        assert shown in page
    for secret in ("山田", "花子", str(world.hanako.pk), question.subject.hex()):
        assert secret not in page


def test_answered_it_leaves_the_list_and_the_person_is_told(world: World, question: Question) -> None:
    client = world.client(world.clerk)
    where = reverse("desk:question", args=[question.pk])
    answer = client.post(where, {"text": "証明書のためです"})
    assert answer.headers["Location"] == reverse("desk:questions")
    assert where not in client.get(reverse("desk:questions")).content.decode()
    (asked,) = questions.of_record(
        portal_code=portal_code_of(world.hanako), at=timezone.now(),
        reference=ledger.reference(question.event, ledger.INQUIRER),
    )  # fmt: skip
    assert (asked.answer, asked.question.state) == ("証明書のためです", "ANSWERED")
    assert Message.objects.get().sender == CHOFU
    again = client.get(where).content.decode()
    assert "証明書のためです" in again and "<textarea" not in again


def test_two_clerks_at_once_the_second_is_told(world: World, question: Question) -> None:
    where = reverse("desk:question", args=[question.pk])
    first, second = world.client(world.clerk), world.client(world.second)
    assert second.get(where).status_code == 200
    first.post(where, {"text": "一つ目"})
    answer = second.post(where, {"text": "二つ目"}, follow=True)
    assert "すでに回答されたか" in answer.content.decode()
    assert questions.is_answer(Question.objects.get(), "一つ目")


@pytest.mark.parametrize("text", ["", " ", "1234 5678 9018", "あ" * 4001])
def test_what_is_not_an_answer_is_not_sent(world: World, question: Question, text: str) -> None:
    answer = world.client(world.clerk).post(reverse("desk:question", args=[question.pk]), {"text": text})
    assert (answer.status_code, "field--error" in answer.content.decode()) == (422, True)
    assert Question.objects.get().state == "ASKED"


@pytest.mark.parametrize("who", ["stranger", "other_supervisor", "officer", "pension"])
def test_another_agencys_question_is_not_found(world: World, question: Question, who: str) -> None:
    client = world.client(clerk("900019") if who == "pension" else getattr(world, who))
    where = reverse("desk:question", args=[question.pk])
    assert [client.get(where).status_code, client.post(where, {"text": "x"}).status_code] == [404, 404]
    assert where not in client.get(reverse("desk:questions")).content.decode()
    assert Question.objects.get().state == "ASKED"


def test_nobody_and_a_citizen_are_sent_to_sign_in(world: World, question: Question) -> None:
    where = reverse("desk:question", args=[question.pk])
    assert [world.client(user).post(where, {"text": "x"}).status_code for user in (None, world.citizen)] == [302, 302]
    assert Question.objects.get().state == "ASKED"


def test_of_a_protected_person_the_agency_sees_the_reason_alone(world: World) -> None:
    question = put(world, is_protected=True)
    page = world.client(world.clerk).get(reverse("desk:question", args=[question.pk])).content.decode()
    assert (WORDS in page, "理由がわからない" in page) == (False, True)
    pass_on(world, question)
    page = world.client(world.officer).get(reverse("desk:passed-on-one", args=[question.pk])).content.decode()
    assert WORDS in page


def test_overdue_the_commission_sees_that_and_not_what(world: World, question: Question) -> None:
    officer = world.client(world.officer)
    assert officer.get(reverse("desk:passed-on")).context["late"] == []
    Question.objects.update(answer_by=date(2026, 1, 31))
    page = officer.get(reverse("desk:passed-on"))
    assert page.context["late"] == [("調布市", "理由がわからない", date(2026, 1, 31))]
    assert WORDS not in page.content.decode()
    assert officer.get(reverse("desk:passed-on-one", args=[question.pk])).status_code == 404
    own = world.client(world.clerk).get(reverse("desk:questions")).content.decode()
    assert "期限を過ぎています" in own


def test_passed_on_the_commission_answers_and_it_ends(world: World, question: Question) -> None:
    pass_on(world, question)
    officer, where = world.client(world.officer), reverse("desk:passed-on-one", args=[question.pk])
    assert world.client(world.clerk).get(reverse("desk:question", args=[question.pk])).status_code == 404
    assert where in officer.get(reverse("desk:passed-on")).content.decode()
    assert officer.post(where, {"text": "閲覧は適法でした"}).headers["Location"] == reverse("desk:passed-on")
    assert (Question.objects.get().state, Message.objects.get().sender) == ("CLOSED", "900051")
    assert officer.get(where).status_code == 404


@pytest.mark.parametrize("who", ["clerk", "supervisor", "stranger"])
def test_what_was_passed_on_is_the_commissions_alone(world: World, question: Question, who: str) -> None:
    pass_on(world, question)
    client, where = world.client(getattr(world, who)), reverse("desk:passed-on-one", args=[question.pk])
    assert [client.get(where).status_code, client.post(where, {"text": "x"}).status_code] == [403, 403]


def test_the_lists_cost_the_same_with_one_question_and_with_thirty(
    world: World, question: Question, settings: object
) -> None:
    settings.QUESTIONS_PER_DAY = 100
    client, officer = world.client(world.clerk), world.client(world.officer)
    pages = ((client, reverse("desk:questions")), (officer, reverse("desk:passed-on")))
    Question.objects.update(answer_by=date(2026, 1, 31))
    one = [queries_of(lambda c=c, where=where: c.get(where)) for c, where in pages]
    for _ in range(29):
        put(world)
    Question.objects.update(answer_by=date(2026, 1, 31))
    assert [queries_of(lambda c=c, where=where: c.get(where)) for c, where in pages] == one
