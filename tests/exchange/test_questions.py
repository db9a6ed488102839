"""A question about a record lives through its states, to the right readers, and its words end."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connections
from django.test.utils import CaptureQueriesContext

from exchange import ledger, looks, questions, records, self_inquiry
from exchange.models import AccessRecord, Kind, Phase
from exchange.question_models import Question
from tests.exchange.people import CHOFU, HANAKO, KENJI, MITAKA, NOW, agency, ask, hold_income, portal_code
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]

DAY = timedelta(days=1)
LATE = NOW + 15 * DAY
MAILBOX = "0f6f9f0e-6d7d-4f2c-9f6e-000000000001"


def put(person: bytes = HANAKO, record: str = "", **changes: object) -> Question:
    record = record or ask(person).record
    given = {"ground": "UNCLEAR", "text": "なぜ照会したのですか", "reply_to": MAILBOX, "at": NOW, **changes}
    return questions.ask(portal_code=portal_code(person), reference=record, **given)


def state(question: Question) -> str:
    return Question.objects.get(pk=question.pk).state


def answer(question: Question, text: str = "児童手当の審査です", at: datetime = NOW, by: str = CHOFU) -> None:
    questions.answer(agency=agency(by), question=question, text=text, at=at)


def test_it_goes_to_the_agency_that_asked_and_has_a_fortnight() -> None:
    question = put()
    assert (question.agency.local_code, question.state) == (CHOFU, "ASKED")
    assert (question.asked_on, question.answer_by) == (date(2026, 11, 22), date(2026, 12, 6))


def test_of_a_look_it_goes_to_the_clerks_agency() -> None:
    reference = looks.record(
        agency=agency(MITAKA), subject=ledger.subject_of(portal_code(HANAKO)), purpose="MOVING", case_number="1",
        clerk="p", what="register", at=NOW,
    )  # fmt: skip
    assert put(record=reference).agency.local_code == MITAKA


def test_the_agency_reads_record_case_and_words_and_nothing_of_the_person() -> None:
    question = put()
    (received,) = questions.to_agency(agency=agency(CHOFU), at=NOW)
    assert (received.question, received.case_number, received.text) == (question, "2026-0042", "なぜ照会したのですか")
    assert received.record.reference == ledger.reference(question.event, ledger.INQUIRER)
    assert questions.to_agency(agency=agency(MITAKA), at=NOW) == []
    assert questions.one_to_agency(agency=agency(MITAKA), question_id=question.pk, at=NOW) is None


def test_words_that_are_not_for_the_agency_wait_for_the_commission() -> None:
    question = put(for_agency=False)
    assert [received.text for received in questions.to_agency(agency=agency(CHOFU), at=NOW)] == [""]
    questions.pass_on(portal_code=portal_code(HANAKO), question_id=question.pk, at=LATE)
    assert [received.text for received in questions.passed_on(at=LATE)] == ["なぜ照会したのですか"]


def test_answered_and_closed_by_her() -> None:
    question = put()
    answer(question)
    (asked,) = questions.of_record(portal_code=portal_code(HANAKO), reference=_reference(question), at=NOW)
    assert (asked.text, asked.answer, asked.ruling) == ("なぜ照会したのですか", "児童手当の審査です", "")
    assert (asked.is_overdue, asked.may_be_passed_on, state(question)) == (False, True, "ANSWERED")
    questions.close(portal_code=portal_code(HANAKO), question_id=question.pk, at=NOW)
    assert state(question) == "CLOSED"


def test_the_deadline_passes_by_itself_and_a_late_answer_still_counts() -> None:
    question = put()
    last_moment = datetime(2026, 12, 6, 14, 59, 59, tzinfo=UTC)  # the end of the last day in Japan
    for at, overdue in ((last_moment, False), (last_moment + timedelta(seconds=1), True)):
        (asked,) = questions.of_record(portal_code=portal_code(HANAKO), reference=_reference(question), at=at)
        assert (asked.is_overdue, asked.may_be_passed_on) == (overdue, overdue)
        assert [late.pk for late in questions.overdue(at=at)] == ([question.pk] if overdue else [])
    answer(question, at=LATE)
    assert (state(question), questions.overdue(at=LATE)) == ("ANSWERED", [])


def test_too_early_it_is_not_passed_on() -> None:
    question = put()
    with pytest.raises(questions.NotInThisState):
        questions.pass_on(portal_code=portal_code(HANAKO), question_id=question.pk, at=NOW + 13 * DAY)
    assert state(question) == "ASKED"


def test_passed_on_it_is_the_commissions_alone() -> None:
    question = put()
    answer(question)
    questions.pass_on(portal_code=portal_code(HANAKO), question_id=question.pk, at=NOW)
    assert questions.one_to_agency(agency=agency(CHOFU), question_id=question.pk, at=NOW) is None
    with pytest.raises(questions.NotInThisState):
        answer(question, "もう一度")
    (received,) = questions.passed_on(at=NOW)
    assert (received.question, received.answer) == (question, "児童手当の審査です")
    questions.rule(question=question, text="適法でした", at=NOW)
    (asked,) = questions.of_record(portal_code=portal_code(HANAKO), reference=_reference(question), at=NOW)
    assert (asked.ruling, asked.question.state, questions.passed_on(at=NOW)) == ("適法でした", "CLOSED", [])


@pytest.mark.parametrize("act", ["answer", "rule", "close", "pass_on"])
def test_what_is_closed_stays_closed(act: str) -> None:
    question = put()
    answer(question)
    questions.close(portal_code=portal_code(HANAKO), question_id=question.pk, at=NOW)
    acts: dict[str, Callable[[], None]] = {
        "answer": lambda: answer(question),
        "rule": lambda: questions.rule(question=question, text="x", at=NOW),
        "close": lambda: questions.close(portal_code=portal_code(HANAKO), question_id=question.pk, at=NOW),
        "pass_on": lambda: questions.pass_on(portal_code=portal_code(HANAKO), question_id=question.pk, at=LATE),
    }
    with pytest.raises(questions.NotInThisState):
        acts[act]()


def test_the_second_of_two_answers_changes_nothing() -> None:
    question = put()
    answer(question, "一つ目")
    with pytest.raises(questions.NotInThisState):
        answer(question, "二つ目")
    row = Question.objects.get(pk=question.pk)
    assert (questions.is_answer(row, "一つ目"), questions.is_answer(row, "二つ目")) == (True, False)


def test_one_open_question_per_record_and_another_after_it() -> None:
    question = put()
    with pytest.raises(questions.AlreadyAsked):
        put(record=_reference(question))
    answer(question)
    questions.close(portal_code=portal_code(HANAKO), question_id=question.pk, at=NOW)
    put(record=_reference(question))
    found = questions.of_record(portal_code=portal_code(HANAKO), reference=_reference(question), at=NOW)
    assert [asked.question.state for asked in found] == ["ASKED", "CLOSED"]


def test_so_many_a_day_and_again_on_the_next(settings: object) -> None:
    settings.QUESTIONS_PER_DAY = 2
    references = [ask().record for _ in range(3)]
    put(record=references[0])
    put(record=references[1])
    with pytest.raises(questions.TooManyToday):
        put(record=references[2])
    assert put(KENJI).number_of_day == 1
    assert put(record=references[2], at=NOW + DAY).number_of_day == 1


@pytest.mark.parametrize("whose", ["another's", "invented", "withheld"])
def test_what_she_cannot_read_she_cannot_ask_about(whose: str) -> None:
    reference = {"another's": lambda: ask(KENJI).record, "invented": lambda: str(uuid.uuid4()), "withheld": withheld}
    with pytest.raises(questions.NoSuchQuestion):
        put(record=reference[whose]())
    assert Question.objects.count() == 0


def test_of_her_own_question_nobody_else_can_say_why() -> None:
    hold_income(HANAKO)
    own = self_inquiry.ask(
        portal_code=portal_code(HANAKO), provider=agency(MITAKA), data_set="TM00000000000002", at=NOW
    )
    with pytest.raises(questions.NotAskable):
        put(record=own.record)


def test_another_persons_question_is_nobodys() -> None:
    question = put()
    answer(question)
    for act in (questions.close, questions.pass_on):
        with pytest.raises(questions.NoSuchQuestion):
            act(portal_code=portal_code(KENJI), question_id=question.pk, at=LATE)
    assert questions.of_record(portal_code=portal_code(KENJI), reference=_reference(question), at=NOW) == []


@pytest.mark.parametrize(
    "text",
    ["私の番号は123456789018です", "1234-5678-9018", "１２３４　５６７８　９０１８", "1234 5678 9018"],
)
def test_no_number_in_a_text(text: str) -> None:
    with pytest.raises(questions.NumberInText):
        put(text=text)
    question = put(text="整理番号 1234567890123 と 2026-0042")
    with pytest.raises(questions.NumberInText):
        answer(question, text)


@pytest.mark.parametrize("text", ["", "  \n", "あ" * 4001, "a\0b"])
def test_an_answer_says_something_and_not_too_much(text: str) -> None:
    question = put()
    with pytest.raises(questions.TextRefused):
        answer(question, text)
    assert state(question) == "ASKED"


def test_words_are_optional_and_bounded() -> None:
    assert (
        questions.of_record(portal_code=portal_code(HANAKO), reference=_reference(put(text=" ")), at=NOW)[0].text == ""
    )
    with pytest.raises(questions.TextRefused):
        put(text="あ" * 1001)


def test_a_month_after_the_answer_it_closes_and_a_year_later_its_words_are_gone() -> None:
    question = put()
    answer(question)
    questions.told(Question.objects.get(pk=question.pk))
    assert questions.close_answered(at=NOW + 29 * DAY) == 0
    assert (questions.close_answered(at=NOW + 31 * DAY), state(question)) == (1, "CLOSED")
    assert questions.erase_texts(at=NOW + 31 * DAY + 364 * DAY) == 0
    assert questions.erase_texts(at=NOW + 31 * DAY + 366 * DAY) == 1
    row = Question.objects.get(pk=question.pk)
    assert (row.text_sealed, row.answer_sealed, row.ruling_sealed, row.reply_sealed) == (None, None, None, None)
    (asked,) = questions.of_record(portal_code=portal_code(HANAKO), reference=_reference(question), at=NOW)
    assert (asked.text, asked.answer, asked.question.ground) == ("", "", "UNCLEAR")


def test_the_database_refuses_a_second_open_question_and_a_state_without_its_time() -> None:
    question = put()
    twin = Question.objects.get(pk=question.pk)
    twin.pk, twin.number_of_day = uuid.uuid4(), 2
    with pytest.raises(IntegrityError), _savepoint():
        twin.save(force_insert=True)
    with pytest.raises(IntegrityError), _savepoint():
        Question.objects.filter(pk=question.pk).update(state="ANSWERED")


def test_a_list_costs_the_same_with_one_question_and_with_thirty(settings: object) -> None:
    settings.QUESTIONS_PER_DAY = 100
    put()
    one = queries(lambda: questions.to_agency(agency=agency(CHOFU), at=NOW))
    for _ in range(29):
        put()
    many = queries(lambda: questions.to_agency(agency=agency(CHOFU), at=NOW))
    assert len(questions.to_agency(agency=agency(CHOFU), at=NOW)) == 30
    assert (many, one <= 6) == (one, True)


def test_a_question_whose_record_is_gone_is_left_out() -> None:
    question = put()
    Question.objects.filter(pk=question.pk).update(event=uuid.uuid4())
    assert questions.to_agency(agency=agency(CHOFU), at=NOW) == []


def withheld() -> str:
    event = ledger.Event(
        kind=Kind.INQUIRY, inquirer=agency(CHOFU), provider=agency(MITAKA), affair="JM90000000000001",
        data_set="TM00000000000002", items=(), subject=ledger.subject_of(portal_code(HANAKO)),
        private={"case_number": "", "evidence": ""}, is_withheld=True,
    )  # fmt: skip
    ledger.record(event, phase=Phase.REFUSED, outcome="2001", at=NOW)
    assert AccessRecord.objects.count() == 1
    assert records.withheld_count(portal_code=portal_code(HANAKO), at=NOW) == 1
    return ledger.reference(event.id, ledger.INQUIRER)


def queries(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connections["exchange"]) as captured:
        act()
    return len(captured)


def _reference(question: Question) -> str:
    return ledger.reference(question.event, ledger.INQUIRER)


def _savepoint() -> object:
    from django.db import transaction

    return transaction.atomic(using="exchange")
