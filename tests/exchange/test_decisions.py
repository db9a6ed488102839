"""The provider decides: by hand here, or with what its own system hands in. The first end counts, late ones do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from agencies.models import Agency
from exchange import decisions, epochs, ledger, reconciliation, standing
from exchange.decisions import NotAsked
from exchange.inquiry import ItemValue, NotDisclosed, NotObtained
from exchange.inquiry_models import Inquiry
from exchange.providers import choose
from exchange.providers.question import Held
from exchange.standing import HasEnded, UnknownInquiry
from holdings import waiting
from holdings.models import ProvisionCopy, WaitingQuestion
from tests.exchange import remote_side
from tests.exchange.people import (
    CHOFU,
    DEPENDANTS,
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
    assert_ended_everywhere,
    by_hand,
    differences,
    event_of,
    outcomes_of_copies,
    reference,
    state,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]
INCOME = [ItemValue(TOTAL_INCOME, "4120000", None)]
GIVEN = [ItemValue(TOTAL_INCOME, "77", None)]


def approve(waits, **changes):
    return decisions.approve(**{"provider": agency(MITAKA), "reference": waits, "at": LATER, **changes})


def decline(waits, **changes):
    return decisions.decline(**{"provider": agency(MITAKA), "reference": waits, "at": LATER, **changes})


def result(answer):
    return standing.result(inquirer=agency(CHOFU), record=answer.record, at=LATER)


def test_it_answers_with_what_its_copies_say_by_then():
    answer = ask_and_wait(items=[SALARY, TOTAL_INCOME, DEPENDANTS])
    hold_income(HANAKO, 5)
    assert approve(reference()).outcome == "0000"
    assert result(answer).items == [
        ItemValue(SALARY, "5600000", None),
        ItemValue(TOTAL_INCOME, "5", None),
        ItemValue(DEPENDANTS, None, "NOT_YET_FIXED"),
    ]


def test_it_holds_nothing():
    hold_income(KENJI)
    by_hand()
    answer = ask()
    assert approve(reference()).outcome == "0004"
    assert result(answer).items == []
    assert_ended_everywhere("0004")


def test_it_answers_with_items_of_its_own_in_the_order_asked():
    answer = ask_and_wait(items=[SALARY, TOTAL_INCOME])
    approve(reference(), items=[*GIVEN, ItemValue(SALARY, None, "NOT_HELD")])
    assert result(answer).items == [ItemValue(SALARY, None, "NOT_HELD"), *GIVEN]
    assert_ended_everywhere("0000")


def test_an_empty_list_says_that_nothing_is_held():
    answer = ask_and_wait()
    approve(reference(), items=[])
    assert result(answer).outcome == "0004"


@pytest.mark.parametrize(
    "items", [[ItemValue(SALARY, "1", None)], [*GIVEN, *GIVEN], [*GIVEN, ItemValue(SALARY, "1", None)]]
)
def test_other_items_than_were_asked_for_are_refused(items):
    ask_and_wait()
    with pytest.raises(NotAsked):
        approve(reference(), items=items)
    assert state() == "HELD"


def test_it_declines_and_the_inquirer_hears_no_more_than_that():
    answer = ask_and_wait()
    assert decline(reference(), private={"reason": "a secret"}).outcome == "4001"
    got = result(answer)
    assert (got.outcome, got.items) == ("4001", [])
    assert_ended_everywhere("4001")
    assert state() == "DECLINED"


def test_the_same_decision_again_changes_nothing():
    ask_and_wait()
    waits = reference()
    first = approve(waits, items=GIVEN)
    assert approve(waits, items=GIVEN).ended_at == first.ended_at
    assert approve(waits).outcome == "0000"
    assert_ended_everywhere("0000")


def test_another_decision_is_told_how_it_ended():
    ask_and_wait()
    waits = reference()
    approve(waits, items=GIVEN)
    for again in (
        lambda: decline(waits),
        lambda: approve(waits, items=[ItemValue(TOTAL_INCOME, "78", None)]),
        lambda: approve(waits, items=[]),
    ):
        with pytest.raises(HasEnded) as ended:
            again()
        assert ended.value.outcome == "0000"
    assert_ended_everywhere("0000")


def test_a_declined_one_cannot_be_answered():
    answer = ask_and_wait()
    waits = reference()
    decline(waits)
    assert decline(waits).outcome == "4001"
    with pytest.raises(HasEnded):
        approve(waits)
    assert result(answer).outcome == "4001"


def test_only_the_provider_decides():
    ask_and_wait()
    for who in (CHOFU, FUCHU):
        with pytest.raises(UnknownInquiry):
            approve(reference(), provider=agency(who))
    assert state() == "HELD"
    with pytest.raises(waiting.NotWaiting):
        waiting.one(agency=FUCHU, reference=reference(), at=NOW)
    assert decisions.in_tray(provider=agency(FUCHU), at=NOW) == []
    assert [str(each.id) for each in decisions.in_tray(provider=agency(MITAKA), at=NOW)] == [reference()]


def test_what_a_dead_process_left_in_the_tray_does_not_stand_before_what_waits(monkeypatch):
    """It died after it had laid the question there: nobody can decide it, and nobody is shown it."""

    def die(*_, **__):
        raise KeyboardInterrupt

    hold_income(HANAKO)
    by_hand()
    monkeypatch.setattr(standing, "hold", die)
    for facts in ({}, {"reference": "R-1"}):
        with pytest.raises(KeyboardInterrupt):
            ask(**facts)
    monkeypatch.undo()
    assert (WaitingQuestion.objects.count(), decisions.in_tray(provider=agency(MITAKA), at=NOW)) == (2, [])
    soon = NOW + timedelta(minutes=2)
    answer = ask(at=soon)
    waits = ledger.reference(event_of(answer), ledger.PROVIDER)
    assert [str(each.id) for each in decisions.in_tray(provider=agency(MITAKA), at=soon, limit=1)] == [waits]
    assert ask(reference="R-1", at=soon).is_pending  # asked again, the question that lies there waits on
    assert len(decisions.in_tray(provider=agency(MITAKA), at=soon)) == 2


@pytest.mark.parametrize("first", ["approve", "cancel", "time-out"])
def test_whoever_comes_while_the_provider_decides_is_one_of_two(monkeypatch, first):
    """The end falls between the provider's look at the question and its own end: one of them counts, in all copies."""
    answer = ask_and_wait()
    original = standing.end

    def overtaken(event, **facts):
        monkeypatch.setattr(standing, "end", original)
        if first == "cancel":
            assert original(event, outcome="4002", of=["HELD"], at=LATER)
        if first == "time-out":
            assert original(event, outcome="5002", at=LATER)
        return original(event, **facts)

    monkeypatch.setattr(standing, "end", overtaken)
    if first == "approve":
        approve(reference())
        assert_ended_everywhere("0000")
        return
    with pytest.raises(HasEnded):
        approve(reference())
    assert_ended_everywhere({"cancel": "4002", "time-out": "5002"}[first])
    assert result(answer).items == []


def test_a_kill_between_the_end_and_what_follows_is_made_good(monkeypatch):
    answer = ask_and_wait()

    def killed(*args, **facts):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(standing, "settle", killed)
        with pytest.raises(ZeroDivisionError):
            approve(reference())
    assert not Inquiry.objects.get().is_settled
    assert result(answer).outcome == "0000"
    assert_ended_everywhere("0000")


def test_a_kill_before_the_in_tray_was_cleared_is_made_good_by_the_task():
    ask_and_wait()
    [row] = Inquiry.objects.all()
    assert standing.end(row.event, outcome="0000", of=["HELD"], items=GIVEN, at=LATER)
    assert WaitingQuestion.objects.exists()
    assert standing.end_overdue(at=LATER) == 0
    assert standing.end_overdue(at=LATER.replace(hour=23)) == 1
    assert_ended_everywhere("0000")


# --- a provider with a system of its own ---


def ask_remote(monkeypatch, **changes):
    Agency.objects.filter(local_code=MITAKA).update(is_hosted=False)
    monkeypatch.setattr(choose, "ask", lambda question, at: Held(question.ends_at))
    return ask(**changes)


def test_its_own_system_hands_the_answer_in(monkeypatch):
    answer = ask_remote(monkeypatch)
    assert answer.outcome == "0101"
    waits = ledger.reference(event_of(answer), ledger.PROVIDER)
    soon = NOW.replace(minute=40)
    with pytest.raises(HasEnded):
        approve(waits, at=soon)  # it has no copies here to answer from
    for _ in range(2):
        assert approve(waits, items=GIVEN, at=soon).outcome == "0000"
    assert standing.result(inquirer=agency(CHOFU), record=answer.record, at=soon).items == GIVEN
    assert outcomes_of_copies() == (["0000"], ["0000"])
    copy = ProvisionCopy.objects.get()
    assert (copy.code, copy.inquirer) == (None, "")
    assert differences() == []


def test_its_own_system_is_too_late(monkeypatch):
    answer = ask_remote(monkeypatch)
    waits = ledger.reference(event_of(answer), ledger.PROVIDER)
    with pytest.raises(HasEnded) as ended:
        approve(waits, items=GIVEN)
    assert ended.value.outcome == "5002"
    assert result(answer).outcome == "5002"
    assert outcomes_of_copies() == (["5002"], ["5002"])
    assert differences() == []


def test_a_real_system_answers_the_inquiry_at_once(tmp_path):
    key, at = remote_side.new_key(MITAKA), timezone.now()
    with remote_side.real_system(key, tmp_path):
        answer = ask(at=at, not_disclosed=NotDisclosed("LIFE_OR_SAFETY"))
    assert answer.items == INCOME
    assert outcomes_of_copies() == (["0000"], ["0000"])
    assert ProvisionCopy.objects.get().is_withheld
    since, until = at - timedelta(days=1), at + timedelta(days=1)
    assert list(reconciliation.differences(since=since, until=until)) == []


def test_a_real_system_holds_it_and_hands_the_answer_in(tmp_path):
    key, at = remote_side.new_key(MITAKA), timezone.now()
    with remote_side.real_system(key, tmp_path, held=[LOCAL_TAX]) as server:
        answer = ask(at=at, reference="CA-1")
        [noted] = list(server.provider.agency.journal("provisions"))
    assert (answer.outcome, state()) == ("0101", "HELD")
    approve(noted["reference"], items=GIVEN, at=at + timedelta(minutes=1))
    later = at + timedelta(minutes=2)
    assert standing.result(inquirer=agency(CHOFU), record=answer.record, at=later).items == GIVEN
    assert ask(at=later, reference="CA-1").items == GIVEN
    assert outcomes_of_copies() == (["0000"], ["0000"])


def test_a_system_that_is_not_there_is_not_obtained():
    Agency.objects.filter(local_code=MITAKA).update(is_hosted=False)
    with pytest.raises(NotObtained) as failure:
        ask()
    assert failure.value.code == "5001"
    assert outcomes_of_copies() == (["5001"], ["5001"])
    assert differences() == []


def test_marks_are_set_and_taken_away():
    hold_income(HANAKO)
    by_hand()
    by_hand()
    code = code_at(agency(MITAKA), HANAKO)
    assert ask().is_pending
    waiting.set_automatic(agency=MITAKA, data_set=LOCAL_TAX)
    assert ask().is_pending
    waiting.set_automatic(agency=MITAKA, data_set=LOCAL_TAX, code=code)
    assert ask().outcome == "0000"


@pytest.mark.parametrize("is_brought", [False, True])
def test_a_question_that_waits_outlives_a_new_epoch_of_its_provider(is_brought):
    answer = ask_and_wait()
    former = WaitingQuestion.objects.get().code
    epochs.begin(agency(MITAKA), settle=0)
    if is_brought:
        epochs.bring(agency(MITAKA))
    assert (WaitingQuestion.objects.get().code == former) != is_brought
    assert ask().is_pending  # the mark holds in both epochs
    assert approve(reference_of(answer)).outcome == "0000"
    assert result(answer).items == INCOME


def reference_of(answer):
    return ledger.reference(event_of(answer), ledger.PROVIDER)
