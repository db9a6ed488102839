"""An inquiry that waits: held, answered, fetched, cancelled, timed out; one end, whatever comes together."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchange import decisions, ledger, standing, tasks
from exchange.inquiry import ItemValue, NotDisclosed, Refused
from exchange.inquiry_models import Inquiry
from exchange.models import AccessRecord
from exchange.records import one, withheld_count
from exchange.standing import AnswerErased, HasEnded, InProgress, UnknownInquiry
from holdings import inquirer_copies, waiting
from holdings.models import InquiryCopy, Protection, ProvisionCopy, WaitingQuestion
from tests.exchange.people import (
    CHOFU,
    FUCHU,
    HANAKO,
    KENJI,
    MITAKA,
    NOW,
    TOTAL_INCOME,
    agency,
    ask,
    code_at,
    hold_income,
    portal_code,
)
from tests.exchange.waiting import (
    LATER,
    TOO_LATE,
    ask_and_wait,
    assert_ended_everywhere,
    by_hand,
    differences,
    event_of,
    outcomes_of_copies,
    phases,
    reference,
    state,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]
INCOME = [ItemValue(TOTAL_INCOME, "4120000", None)]


def result(answer, *, at=LATER, who=CHOFU):
    return standing.result(inquirer=agency(who), record=answer.record, at=at)


def test_a_held_inquiry_is_on_record_and_promises_an_answer():
    answer = ask_and_wait()
    assert (answer.outcome, answer.items, answer.rule.row) == ("0109", [], "I01")
    assert (answer.answered_at, answer.ends_at) == (None, NOW.replace(microsecond=0) + timedelta(days=10))
    assert phases() == [("ASKED", "")]
    question = WaitingQuestion.objects.get()
    assert (question.agency, question.code) == (MITAKA, code_at(agency(MITAKA), HANAKO))
    assert (question.inquirer, question.items, question.condition.fiscal_year) == (CHOFU, TOTAL_INCOME, 2026)
    assert state() == "HELD"
    assert not ProvisionCopy.objects.exists()
    assert result(answer).is_pending
    assert differences() == []


def test_a_whole_data_set_waits_for_everyone_and_for_a_code_of_nobody():
    hold_income(HANAKO)
    by_hand(None)
    assert [ask(person).outcome for person in (HANAKO, KENJI, bytes([99]) * 32)] == ["0109"] * 3


def test_a_mark_about_one_person_holds_up_no_other():
    hold_income(KENJI)
    ask_and_wait()
    assert ask(KENJI).outcome == "0000"


def test_an_answer_is_fetched_by_its_inquirer_alone():
    answer = ask_and_wait()
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    assert_ended_everywhere("0000")
    for who in (FUCHU, MITAKA):
        with pytest.raises(UnknownInquiry):
            result(answer, who=who)
    assert state() == "ANSWERED"
    fetched = result(answer)
    assert (fetched.outcome, fetched.items, fetched.record) == ("0000", INCOME, answer.record)
    assert (fetched.asked_at, fetched.answered_at) == (NOW, LATER)
    assert state() == "FETCHED"
    assert result(answer).items == INCOME


@pytest.mark.parametrize(
    "record", [str(uuid.UUID(int=0)), "4131ce0c-11b3-4d75-81d2-475eaa7f7e0d", "provider", "log", "at once"]
)
def test_a_foreign_or_invented_record_is_unknown(record):
    answer = ask_and_wait()
    hold_income(KENJI)
    parties = {party: ledger.reference(event_of(answer), party) for party in ("provider", "log")}
    record = ask(KENJI).record if record == "at once" else parties.get(record, record)
    for act in (standing.result, standing.cancel):
        with pytest.raises(UnknownInquiry):
            act(inquirer=agency(CHOFU), record=record, at=LATER)
    for provider in (MITAKA, FUCHU):
        with pytest.raises(UnknownInquiry):
            decisions.decline(provider=agency(provider), reference=answer.record, at=LATER)


def test_an_answer_lies_sealed_and_is_erased():
    answer = ask_and_wait()
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    row = Inquiry.objects.get()
    assert b"4120000" not in bytes(row.answer_sealed)
    assert standing.forget_answers(at=LATER + timedelta(days=29)) == 0
    result(answer)
    assert standing.forget_answers(at=LATER + timedelta(hours=23)) == 0
    assert standing.forget_answers(at=LATER + timedelta(days=1)) == 1
    with pytest.raises(AnswerErased):
        result(answer)
    assert Inquiry.objects.get().answer_sealed is None
    assert_ended_everywhere("0000")


def test_an_answer_moved_to_another_inquiry_does_not_open():
    answer = ask_and_wait()
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    sealed = Inquiry.objects.get().answer_sealed
    by_hand(KENJI)
    other = ask(KENJI)
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    Inquiry.objects.filter(event=event_of(other)).update(outcome="0000", answer_sealed=sealed)
    with pytest.raises(Exception, match="belongs elsewhere"):
        result(other)
    assert result(answer).items == INCOME


def test_a_cancelled_inquiry_has_ended_and_stays_so():
    answer = ask_and_wait()
    waits = reference()
    for _ in range(2):
        cancelled = standing.cancel(inquirer=agency(CHOFU), record=answer.record, at=LATER)
        assert (cancelled.outcome, cancelled.items, cancelled.answered_at) == ("4002", [], LATER)
    assert_ended_everywhere("4002")
    with pytest.raises(HasEnded) as ended:
        decisions.approve(provider=agency(MITAKA), reference=waits, at=LATER)
    assert ended.value.outcome == "4002"
    assert result(answer).outcome == "4002"
    assert_ended_everywhere("4002")


def test_what_has_ended_cannot_be_cancelled():
    answer = ask_and_wait()
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    with pytest.raises(HasEnded) as ended:
        standing.cancel(inquirer=agency(CHOFU), record=answer.record, at=LATER)
    assert (ended.value.outcome, ended.value.record) == ("0000", answer.record)
    assert result(answer).items == INCOME


def test_nobody_answers_in_time():
    answer = ask_and_wait()
    waits = reference()
    assert standing.end_overdue(at=TOO_LATE - timedelta(seconds=2)) == 0
    assert standing.end_overdue(at=TOO_LATE) == 1
    assert standing.end_overdue(at=TOO_LATE) == 0
    assert_ended_everywhere("5002")
    with pytest.raises(HasEnded) as ended:
        decisions.approve(provider=agency(MITAKA), reference=waits, at=TOO_LATE)
    assert ended.value.outcome == "5002"
    assert result(answer, at=TOO_LATE).outcome == "5002"
    assert state() == "TIMED_OUT"


def test_the_task_ends_what_is_overdue():
    ask_and_wait(at=timezone.now() - timedelta(days=11))
    tasks.end_inquiries()
    assert state() == "TIMED_OUT"
    assert outcomes_of_copies() == (["5002"], ["5002"])


def test_a_late_answer_is_refused_although_no_task_has_come_by():
    ask_and_wait()
    with pytest.raises(HasEnded) as ended:
        decisions.approve(provider=agency(MITAKA), reference=reference(), at=TOO_LATE)
    assert ended.value.outcome == "5002"
    assert_ended_everywhere("5002")


def test_the_inquirer_reads_of_the_deadline_although_no_task_has_come_by():
    answer = ask_and_wait()
    assert result(answer, at=TOO_LATE).outcome == "5002"
    assert_ended_everywhere("5002")


@pytest.mark.parametrize("is_protected", [False, True])
def test_a_protection_that_was_set_while_it_waited_counts(is_protected):
    ask_and_wait()
    by_hand(KENJI)
    ask(KENJI)
    if is_protected:
        Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
    hers, kenjis = ("" if is_protected else CHOFU), CHOFU
    listed = decisions.in_tray(provider=agency(MITAKA), at=LATER)
    hers_waits = next(each for each in listed if each.code == code_at(agency(MITAKA), HANAKO))
    assert {each.inquirer for each in listed} == {hers, kenjis}
    assert waiting.one(agency=MITAKA, reference=hers_waits.id, at=LATER).inquirer == hers
    decisions.approve(provider=agency(MITAKA), reference=str(hers_waits.id), at=LATER)
    assert ProvisionCopy.objects.get().inquirer == hers


def test_of_a_protected_person_the_in_tray_names_no_inquirer():
    Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
    answer = ask_and_wait()
    assert WaitingQuestion.objects.get().inquirer == ""
    standing.cancel(inquirer=agency(CHOFU), record=answer.record, at=LATER)
    assert ProvisionCopy.objects.get().inquirer == ""


def test_an_inquiry_that_is_being_put_to_its_provider_cannot_be_cancelled():
    answer = ask_and_wait(reference="CA-1")
    Inquiry.objects.update(state="ASKED")
    with pytest.raises(InProgress):
        standing.cancel(inquirer=agency(CHOFU), record=answer.record, at=NOW)


def test_the_exchange_keeps_no_code_and_holdings_no_value_of_the_exchange():
    answer = ask_and_wait(reference="CA-1")
    row = Inquiry.objects.get()
    text = repr([getattr(row, field.attname) for field in Inquiry._meta.concrete_fields])
    for code in (code_at(agency(MITAKA), HANAKO), code_at(agency(CHOFU), HANAKO)):
        assert code.value.hex() not in text
        assert repr(code.value)[2:-1] not in text
    assert "CA-1" not in text
    assert str(WaitingQuestion.objects.get().id) not in text
    assert reference() not in (str(row.event), answer.record)


def test_at_once_costs_one_statement_more_and_no_row():
    hold_income(HANAKO)
    ask()
    with (
        CaptureQueriesContext(connections["exchange"]) as exchange,
        CaptureQueriesContext(connections["holdings"]) as held,
    ):
        inquirer = ask().record
    assert inquirer
    written = [query["sql"] for query in [*exchange, *held] if query["sql"].startswith("INSERT")]
    assert sum("holdings_" in sql for sql in written) == 2
    assert not [sql for sql in written if "exchange_inquiry" in sql]
    assert not Inquiry.objects.exists()


def test_the_inquirers_copy_says_what_the_log_says_and_is_read_by_its_agency_alone():
    hold_income(HANAKO)
    answer = ask()
    facts = inquirer_copies.own(agency=CHOFU, reference=answer.record)
    assert facts == {
        "affair": "JM90000000000001", "asked_at": "2026-11-22T01:30:15Z", "case_number": "2026-0042",
        "data_set": "TM00000000000002", "ended_at": "2026-11-22T01:30:15Z", "inquirer": CHOFU, "is_withheld": False,
        "items": [TOTAL_INCOME], "kind": "INQUIRY", "outcome": "0000", "provider": MITAKA, "row": "I01",
    }  # fmt: skip
    assert inquirer_copies.own(agency=MITAKA, reference=answer.record) is None
    assert inquirer_copies.own(agency=CHOFU, reference=str(uuid.uuid4())) is None
    copy = InquiryCopy.objects.get()
    assert (str(copy.id), copy.on) == (answer.record, date(2026, 11, 22))
    assert all(word not in bytes(copy.sealed) for word in (CHOFU.encode(), MITAKA.encode(), b"2026"))


def test_a_refusal_has_the_inquirers_copy_and_no_other():
    with pytest.raises(Refused) as refusal:
        ask(affair="JM90000000000014")
    facts = inquirer_copies.own(agency=CHOFU, reference=refusal.value.record)
    assert facts is not None
    assert (facts["outcome"], facts["row"]) == ("2001", "")
    assert outcomes_of_copies() == ([], ["2001"])
    assert differences() == []


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("until", [None, date(2027, 4, 1)])
def test_what_is_not_disclosed_is_so_in_every_copy(waits, until):
    hold_income(HANAKO)
    if waits:
        by_hand()
    answer = ask(not_disclosed=NotDisclosed("LIFE_OR_SAFETY", until))
    if waits:
        decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    opening, closing = AccessRecord.objects.order_by("leaf")
    assert (opening.disclosed_from, closing.disclosed_from) == (until, until)
    assert ledger.private_of(closing)["not_disclosed"] == "LIFE_OR_SAFETY"
    assert ProvisionCopy.objects.get().is_withheld
    assert inquirer_copies.own(agency=CHOFU, reference=answer.record)["is_withheld"]
    hers = portal_code(HANAKO)
    assert one(portal_code=hers, reference=answer.record, at=LATER) is None
    assert withheld_count(portal_code=hers, at=LATER) == 1
    if until:
        assert one(portal_code=hers, reference=answer.record, at=LATER + timedelta(days=365)) is not None
    assert differences() == []


def test_the_case_and_the_reason_lie_sealed_with_the_record():
    ask_and_wait(evidence="signed")
    private = {"reason": "checked", "clerk": "K-1"}
    decisions.approve(provider=agency(MITAKA), reference=reference(), private=private, at=LATER)
    closing = AccessRecord.objects.order_by("leaf").last()
    said = ledger.private_of(closing)
    assert (said["reason"], said["clerk"], said["case_number"], said["evidence"]) == (
        "checked", "K-1", "2026-0042", "signed",
    )  # fmt: skip
    assert Inquiry.objects.get().reason_sealed is None
    assert all(b"checked" not in bytes(row.private_sealed) for row in AccessRecord.objects.all())


def test_an_event_is_closed_once_and_who_comes_second_hears_how_it_ended():
    found = ledger.recall(event_of(ask_and_wait()))
    assert standing.close(found.event, rule=None, outcome="4002", at=LATER) is None
    earlier = standing.close(found.event, rule=None, outcome="5002", at=TOO_LATE)
    assert (earlier.outcome, earlier.ended_at) == ("4002", LATER.replace(microsecond=0))
    assert phases() == [("ASKED", ""), ("ANSWERED", "4002")]


def test_a_record_that_is_refused_for_another_reason_is_no_end(monkeypatch):
    found = ledger.recall(event_of(ask_and_wait()))

    def broken(*args, **facts):
        raise IntegrityError("another constraint")

    monkeypatch.setattr(ledger, "record", broken)
    with pytest.raises(IntegrityError):
        standing.close(found.event, rule=None, outcome="4002", at=LATER)
