"""The inquirer's reference makes an inquiry safe to repeat: one event, one answer, and other content is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from exchange import decisions, inquiry, ledger, repeats, standing
from exchange.inquiry import NotDisclosed, NotObtained, Refused
from exchange.inquiry_models import Inquiry
from exchange.models import AccessRecord
from exchange.providers.question import NotReached, TooLate
from exchange.repeats import ReferenceTaken
from exchange.standing import AnswerErased, InProgress
from holdings import waiting
from holdings.models import Holding, ProvisionCopy, WaitingQuestion
from holdings.periods import Period
from keys import custody
from tests.exchange import remote_side
from tests.exchange.people import (
    FUCHU,
    HANAKO,
    KENJI,
    LOCAL_TAX,
    MITAKA,
    NOW,
    SALARY,
    TOTAL_INCOME,
    agency,
    ask,
    code_at,
    hold_income,
)
from tests.exchange.waiting import (
    LATER,
    ask_and_wait,
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
ONCE = [("ASKED", ""), ("ANSWERED", "0000")]


def test_the_same_again_is_the_same_event_and_answer():
    hold_income(HANAKO)
    first = ask(reference="CA-1")
    hold_income(HANAKO, 5)
    again = ask(reference="CA-1", at=LATER, evidence="made anew")
    assert (again.record, again.items, again.outcome) == (first.record, first.items, "0000")
    assert (again.asked_at, again.answered_at, again.rule) == (NOW, NOW, first.rule)
    assert phases() == ONCE
    assert ProvisionCopy.objects.count() == 1
    assert differences() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"items": [SALARY]},
        {"condition": Period(fiscal_year=2025)},
        {"case_number": "2026-0043"},
        {"not_disclosed": NotDisclosed("LIFE_OR_SAFETY")},
        {"affair": "JM90000000000014"},
    ],
)
def test_other_content_under_it_is_refused_and_nothing_asked(changes):
    hold_income(HANAKO)
    ask(reference="CA-1")
    with pytest.raises(ReferenceTaken):
        ask(reference="CA-1", **changes)
    with pytest.raises(ReferenceTaken):
        ask(KENJI, reference="CA-1")
    assert phases() == ONCE


def test_a_reference_is_its_inquirers():
    hold_income(HANAKO)
    records = {ask(reference="CA-1").record, ask(inquirer=agency(FUCHU), reference="CA-1").record}
    assert len(records) == 2


def test_no_two_rows_look_alike_and_none_says_what_was_asked():
    hold_income(HANAKO)
    ask(reference="CA-1")
    ask(reference="CA-2")
    first, second = Inquiry.objects.all()
    for column in ("reference", "content", "event"):
        assert getattr(first, column) != getattr(second, column)
    assert b"CA-" not in bytes(first.reference_sealed) + bytes(second.reference_sealed)


def test_a_refusal_again_is_the_same_refusal():
    records = set()
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            ask(reference="CA-1", affair="JM90000000000014")
        assert refusal.value.code == "2001"
        records.add(refusal.value.record)
    assert len(records) == 1
    assert phases() == [("REFUSED", "2001")]
    assert state() == "REFUSED"
    assert outcomes_of_copies() == ([], ["2001"])


@pytest.mark.parametrize(("failure", "outcome"), [(NotReached, "5001"), (TooLate, "5002")])
def test_what_was_not_obtained_is_so_again_and_on_record(monkeypatch, failure, outcome):
    def broken(question, at):
        raise failure

    monkeypatch.setattr(inquiry.choose, "ask", broken)
    records = set()
    for _ in range(2):
        with pytest.raises(NotObtained) as refusal:
            ask(reference="CA-1")
        assert refusal.value.code == outcome
        records.add(refusal.value.record)
    assert len(records) == 1
    assert phases() == [("ASKED", ""), ("ANSWERED", outcome)]
    assert outcomes_of_copies() == ([outcome], [outcome])
    assert differences() == []


def test_one_that_waits_is_the_same_again():
    first = ask_and_wait(reference="CA-1")
    again = ask(reference="CA-1", at=LATER)
    assert (again.record, again.outcome, again.ends_at) == (
        first.record,
        "0109",
        NOW.replace(microsecond=0) + timedelta(days=10),
    )
    assert phases() == [("ASKED", "")]


def test_of_two_at_once_one_is_asked(monkeypatch):
    """The second has looked before the first was there; the unique row tells it."""
    hold_income(HANAKO)
    first = ask(reference="CA-1")
    original, looks = repeats._find, []

    def blind_at_first(event, reference):
        looks.append(1)
        return None if len(looks) == 1 else original(event, reference)

    monkeypatch.setattr(repeats, "_find", blind_at_first)
    assert ask(reference="CA-1").record == first.record
    assert phases() == ONCE
    monkeypatch.setattr(repeats, "_find", lambda event, reference: None)
    with pytest.raises(IntegrityError):
        ask(reference="CA-1")


def test_one_that_is_being_asked_is_promised(monkeypatch):
    hold_income(HANAKO)
    original = inquiry.choose.ask
    seen = []

    def meanwhile(question, at):
        if not seen:
            seen.append(ask(reference="CA-1"))
        return original(question, at=at)

    monkeypatch.setattr(inquiry.choose, "ask", meanwhile)
    first = ask(reference="CA-1")
    assert (seen[0].outcome, seen[0].record, seen[0].items) == ("0101", first.record, [])
    assert phases() == ONCE


def test_a_kill_before_the_request_was_on_record_frees_the_reference(monkeypatch):
    hold_income(HANAKO)
    with monkeypatch.context() as patch:
        patch.setattr(inquiry.ledger, "record", lambda *args, **facts: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ask(reference="CA-1")
    assert not AccessRecord.objects.exists()
    with pytest.raises(InProgress):
        ask(reference="CA-1", at=NOW + timedelta(seconds=59))
    assert ask(reference="CA-1", at=NOW + timedelta(minutes=1)).outcome == "0000"
    assert phases() == ONCE


def test_what_was_left_behind_is_cleared_away_at_its_deadline(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(inquiry.ledger, "record", lambda *args, **facts: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ask(reference="CA-1")
    standing.end_overdue(at=NOW + timedelta(minutes=15))
    assert not Inquiry.objects.exists()


def test_a_kill_after_the_provider_answered_ends_as_not_obtained(monkeypatch):
    hold_income(HANAKO)
    original = inquiry.choose.ask

    def killed(question, at):
        original(question, at=at)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(inquiry.choose, "ask", killed)
        with pytest.raises(ZeroDivisionError):
            ask(reference="CA-1")
    assert ask(reference="CA-1").is_pending
    standing.end_overdue(at=NOW + timedelta(minutes=15))
    with pytest.raises(NotObtained):
        ask(reference="CA-1", at=LATER)
    assert phases() == [("ASKED", ""), ("ANSWERED", "5002")]
    assert differences() == []


# --- its process died: a minute later the next request under the same reference goes on ---

FREE = NOW + timedelta(minutes=1)
ONE_ITEM = {"outcome": "0000", "items": [{"code": TOTAL_INCOME, "value": "77"}]}


def killed_at(monkeypatch, owner, name, *, after=True, **changes):
    """Ask, and die before or after this step."""
    original = getattr(owner, name)

    def killed(*args, **facts):
        if after:
            original(*args, **facts)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(Killed):
            ask(reference="CA-1", **changes)


class Killed(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("asked", [False, True], ids=["before the provider", "after the provider"])
def test_after_a_kill_the_provider_is_asked_again_as_the_same_event(monkeypatch, asked):
    hold_income(HANAKO, 77)
    killed_at(monkeypatch, inquiry.choose, "ask", after=asked, evidence="the first")
    promise = ask(reference="CA-1", at=FREE - timedelta(seconds=1))
    assert (promise.outcome, promise.items) == ("0101", [])
    answer = ask(reference="CA-1", at=FREE, evidence="made anew")
    assert (answer.record, answer.outcome, answer.items[0].value) == (promise.record, "0000", "77")
    assert (answer.asked_at, answer.answered_at) == (NOW, FREE)
    again = ask(reference="CA-1", at=LATER)
    assert (again.record, again.items, again.asked_at) == (answer.record, answer.items, answer.asked_at)
    assert phases() == ONCE
    assert outcomes_of_copies() == (["0000"], ["0000"])
    assert differences() == []


def test_a_kill_at_the_end_is_made_good_as_before(monkeypatch):
    hold_income(HANAKO)
    killed_at(monkeypatch, standing, "end")
    assert ask(reference="CA-1", at=FREE).outcome == "0000"
    assert phases() == ONCE
    assert differences() == []


def test_after_a_kill_a_refusal_is_the_refusal_on_record(monkeypatch):
    killed_at(monkeypatch, ledger, "record", affair="JM90000000000014")
    with pytest.raises(Refused) as refusal:
        ask(reference="CA-1", affair="JM90000000000014", at=FREE)
    assert refusal.value.code == "2001"
    assert phases() == [("REFUSED", "2001")]
    assert (state(), outcomes_of_copies()) == ("REFUSED", ([], ["2001"]))


def test_a_decision_that_is_on_record_stands(monkeypatch):
    """The assessment ran out between the question and the answer: what was permitted stays permitted."""
    hold_income(HANAKO)
    killed_at(monkeypatch, inquiry.choose, "ask", after=False)
    type(agency(MITAKA)).objects.filter(local_code=MITAKA).update(assessment_until=None)
    assert ask(reference="CA-1", at=FREE).outcome == "0000"
    assert phases() == ONCE


@pytest.mark.parametrize("change", ["withdrawn", "by hand"])
def test_an_answer_that_cannot_be_had_again_is_not_obtained(monkeypatch, change):
    hold_income(HANAKO)
    killed_at(monkeypatch, inquiry.choose, "ask")
    if change == "withdrawn":
        Holding.objects.all().delete()
    else:
        by_hand()
    with pytest.raises(NotObtained) as failure:
        ask(reference="CA-1", at=FREE)
    assert failure.value.code == "5001"
    assert phases() == [("ASKED", ""), ("ANSWERED", "5001")]
    assert outcomes_of_copies() == (["0000"], ["5001"])
    assert differences() == []


@pytest.mark.parametrize("mark", ["stands", "is lifted"])
@pytest.mark.parametrize("step", ["ask", "hold"])
def test_what_lay_in_the_providers_tray_lies_there_once(monkeypatch, step, mark):
    """Also when the provider has gone back to answering automatically: what waits already waits on."""
    hold_income(HANAKO)
    by_hand()
    owner = {"ask": inquiry.choose, "hold": standing}[step]
    killed_at(monkeypatch, owner, step, after=step == "ask")
    if mark == "is lifted":
        waiting.set_automatic(agency=MITAKA, data_set=LOCAL_TAX, code=code_at(agency(MITAKA), HANAKO))
    answer = ask(reference="CA-1", at=FREE)
    assert (answer.outcome, answer.asked_at) == ("0109", NOW)
    assert answer.ends_at == NOW.replace(microsecond=0) + timedelta(days=10)
    assert WaitingQuestion.objects.get().ends_at == answer.ends_at
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    assert ask(reference="CA-1", at=LATER).outcome == "0000"
    assert phases() == ONCE
    assert differences() == []


@pytest.mark.parametrize("hand", [False, True], ids=["automatic", "by hand"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_who_was_thought_dead_gets_the_answer_of_who_went_on(monkeypatch, when, hand):
    """The first is only slow, and wakes when the second has its answer: one record, one answer, for both."""
    hold_income(HANAKO, 77)
    if hand:
        by_hand()
    original, answers = inquiry.choose.ask, []

    def slow(question, at):
        if answers:
            return original(question, at=at)
        answers.append(None)  # the second is not slow
        reply = original(question, at=at) if when == "after" else None
        answers[0] = ask(reference="CA-1", at=FREE)
        return reply or original(question, at=at)

    monkeypatch.setattr(inquiry.choose, "ask", slow)
    first, [second] = ask(reference="CA-1"), answers
    assert (first.record, first.outcome, first.items) == (second.record, second.outcome, second.items)
    assert first.outcome == ("0109" if hand else "0000")
    assert phases() == ([("ASKED", "")] if hand else ONCE)
    assert WaitingQuestion.objects.count() == int(hand)
    assert differences() == []


def test_of_two_who_come_for_what_was_left_one_goes_on(monkeypatch):
    hold_income(HANAKO)
    killed_at(monkeypatch, inquiry.choose, "ask")
    original, seen = inquiry.choose.ask, []

    def meanwhile(question, at):
        seen.append(ask(reference="CA-1", at=FREE))
        return original(question, at=at)

    monkeypatch.setattr(inquiry.choose, "ask", meanwhile)
    assert ask(reference="CA-1", at=FREE).outcome == "0000"
    assert [each.outcome for each in seen] == ["0101"]
    assert phases() == ONCE


def test_who_was_given_up_before_it_was_on_record_gets_nothing(monkeypatch):
    """It wakes after another has taken its reference: what it asked ends as not obtained."""
    hold_income(HANAKO)
    original, others = ledger.record, []

    def slow(*args, **facts):
        if not others:
            others.append(None)
            others[0] = ask(reference="CA-1", at=FREE)
        return original(*args, **facts)

    monkeypatch.setattr(ledger, "record", slow)
    with pytest.raises(NotObtained) as failure:
        ask(reference="CA-1")
    assert failure.value.record != others[0].record
    assert others[0].outcome == "0000"


def test_a_provider_with_its_own_system_is_asked_again_under_the_same_reference(monkeypatch, tmp_path):
    key, now = remote_side.new_key(MITAKA), timezone.now()
    later = now + timedelta(minutes=1)
    acts = [remote_side.says(ONE_ITEM, at=at.timestamp()) for at in (now, later)]
    with remote_side.scripted_system(key, *acts) as system:
        killed_at(monkeypatch, inquiry.choose, "ask", at=now)
        answer = ask(reference="CA-1", at=later)
    bodies = [json.loads(body) for body in system.bodies]
    assert answer.outcome == "0000"
    assert len(bodies) == 2 and bodies[0] == bodies[1]
    assert phases() == ONCE
    assert outcomes_of_copies() == (["0000"], ["0000"])


# --- and what else may come ---


def test_an_answer_that_comes_after_the_deadline_is_not_given_out(monkeypatch):
    hold_income(HANAKO)
    original = inquiry.choose.ask

    def slow(question, at):
        provision = original(question, at=at)
        standing.end_overdue(at=NOW + timedelta(minutes=15))
        return provision

    monkeypatch.setattr(inquiry.choose, "ask", slow)
    for _ in range(2):
        with pytest.raises(NotObtained) as failure:
            ask(reference="CA-1")
        assert failure.value.code == "5002"
    assert phases() == [("ASKED", ""), ("ANSWERED", "5002")]
    assert outcomes_of_copies() == (["0000"], ["5002"])
    assert differences() == []


def test_an_erased_answer_is_not_asked_for_anew():
    hold_income(HANAKO)
    first = ask(reference="CA-1")
    standing.forget_answers(at=NOW + timedelta(days=31))
    with pytest.raises(AnswerErased):
        ask(reference="CA-1", at=LATER)
    assert AccessRecord.objects.filter(event=event_of(first)).count() == 2


def test_a_reference_is_found_after_its_key_was_renewed():
    hold_income(HANAKO)
    first = ask(reference="CA-1")
    custody.create("inquiry-reference")
    assert ask(reference="CA-1").record == first.record
    with pytest.raises(ReferenceTaken):
        ask(KENJI, reference="CA-1")


def test_ledger_recalls_what_it_recorded():
    hold_income(HANAKO)
    answer = ask(evidence="signed")
    found = ledger.recall(event_of(answer))
    assert found is not None
    assert (found.row, found.outcome, found.is_refused) == ("I01", "0000", False)
    assert (found.asked_at, found.ended_at) == (NOW.replace(microsecond=0),) * 2
    assert found.event.private == {
        "case_number": "2026-0042", "condition": "2026", "evidence": "signed",
    }  # fmt: skip
    assert found.event.inquirer == agency("132080")
    assert not found.event.is_withheld
    assert ledger.recall(ledger.event_of(answer.record, ledger.PROVIDER)) is None
