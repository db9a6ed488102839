"""Every event has its copies, each under an id of its own; what lacks one is named, whatever step a crash fell on."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from exchange import delivery, inquiry, ledger, reconciliation, self_inquiry, standing, tasks
from exchange.models import AccessRecord
from exchange.reconciliation import Difference
from holdings import inquirer_copies, waiting
from holdings.models import InquiryCopy, ProvisionCopy, WaitingQuestion
from tests.exchange.people import (
    CHILD_ALLOWANCE,
    CHOFU,
    HANAKO,
    LOCAL_TAX,
    MITAKA,
    NOW,
    agency,
    ask,
    code_at,
    hold_income,
    portal_code,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def differences() -> list[str]:
    day = timedelta(days=1)
    return [found.what for found in reconciliation.differences(since=NOW - day, until=NOW + day)]


def repaired() -> list[tuple[str, bool]]:
    day = timedelta(days=1)
    found = reconciliation.repair(since=NOW - day, until=NOW + day, at=NOW + day)
    return [(each.what, each.is_repaired) for each in found]


def begin_delivery() -> delivery.Delivery:
    return delivery.begin(
        sender=agency(CHOFU), code=code_at(agency(CHOFU), HANAKO), affair=CHILD_ALLOWANCE, what=delivery.NOTICE, at=NOW
    )


def test_events_of_every_kind_have_their_copies():
    hold_income(HANAKO)
    ask()
    ask(bytes([66]) * 32)
    with pytest.raises(inquiry.Refused):
        ask(affair="")
    self_inquiry.ask(portal_code=portal_code(HANAKO), provider=agency(MITAKA), data_set=LOCAL_TAX, at=NOW)
    delivery.complete(begin_delivery(), at=NOW)
    assert differences() == []
    assert ProvisionCopy.objects.count() == 3
    assert InquiryCopy.objects.count() == 4


@pytest.mark.parametrize(
    ("step", "call", "expected"),
    [
        ("permit", 1, []),
        ("ledger.record", 1, []),
        ("choose.ask", 1, [reconciliation.UNANSWERED]),
        ("ledger.record", 2, [reconciliation.CUT_OFF]),
        ("inquirer_copy.keep", 1, [reconciliation.NO_COPY_OF_INQUIRER]),
    ],
)
def test_a_crash_before_a_step_is_named_and_mended(monkeypatch, step, call, expected):
    owner, name = (inquiry, step) if "." not in step else (getattr(inquiry, step.split(".")[0]), step.split(".")[1])
    original, calls = getattr(owner, name), []

    def run(*args, **facts):
        calls.append(1)
        if len(calls) == call:
            raise ZeroDivisionError
        return original(*args, **facts)

    hold_income(HANAKO)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, run)
        with pytest.raises(ZeroDivisionError):
            ask()
    ask()
    assert differences() == expected
    assert repaired() == [(what, True) for what in expected]
    assert differences() == repaired() == []
    events = AccessRecord.objects.opening().count()
    assert (ProvisionCopy.objects.count(), InquiryCopy.objects.count()) == (events, events)


@pytest.mark.parametrize(
    ("step", "call", "outcome", "has_code"), [("choose.ask", 1, "5001", False), ("ledger.record", 2, "5002", True)]
)
def test_what_was_cut_off_is_closed_as_not_obtained(monkeypatch, step, call, outcome, has_code):
    test_a_crash_before_a_step_is_named_and_mended(monkeypatch, step, call, differences_of(step))
    closing = next(json.loads(row.leaf.body) for row in AccessRecord.objects.filter(phase="ANSWERED").order_by("-leaf"))
    assert (closing["outcome"], closing["row"]) == (outcome, "I01")
    assert sorted(inquirer_copies.opened(copy)["outcome"] for copy in InquiryCopy.objects.all()) == ["0000", outcome]
    assert ProvisionCopy.objects.filter(code__isnull=True, inquirer="").count() == (0 if has_code else 1)


def differences_of(step):
    return [reconciliation.UNANSWERED if step == "choose.ask" else reconciliation.CUT_OFF]


def test_a_refusal_without_the_inquirers_copy_is_mended():
    with pytest.raises(inquiry.Refused):
        ask(affair="")
    InquiryCopy.objects.all().delete()
    assert repaired() == [(reconciliation.NO_COPY_OF_INQUIRER, True)]
    assert differences() == []
    assert not ProvisionCopy.objects.exists()


def test_a_question_left_in_the_tray_by_a_crash_is_closed(monkeypatch):
    hold_income(HANAKO)
    waiting.set_by_hand(agency=MITAKA, data_set=LOCAL_TAX)
    with monkeypatch.context() as patch:
        patch.setattr(standing, "hold", lambda *args, **facts: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ask()
    assert WaitingQuestion.objects.exists()
    assert repaired() == [(reconciliation.UNANSWERED, True)]
    assert not WaitingQuestion.objects.exists()
    copy = ProvisionCopy.objects.get()
    assert (copy.outcome, copy.inquirer) == ("5002", CHOFU)
    assert copy.code == code_at(agency(MITAKA), HANAKO)
    assert differences() == []


def test_a_changed_copy_of_the_inquirer_is_named_and_left():
    hold_income(HANAKO)
    ask()
    ask()
    first, second = InquiryCopy.objects.all()
    InquiryCopy.objects.filter(id=first.id).update(sealed=second.sealed)
    assert repaired() == [(reconciliation.OTHER_CONTENT, False)]
    assert differences() == [reconciliation.OTHER_CONTENT]


def test_a_delivery_that_was_never_completed_is_named():
    begin_delivery()
    assert differences() == [reconciliation.NOT_COMPLETED]


def test_a_missing_and_a_changed_copy_are_named_by_the_logs_reference():
    hold_income(HANAKO)
    ask()
    event = AccessRecord.objects.first().event
    named = ledger.reference(event, ledger.LOG)
    day = timedelta(days=1)
    for changes in ({"outcome": "0004"}, {"agency": CHOFU}, {"inquirer": MITAKA}, {"items": "x"}):
        before = ProvisionCopy.objects.values(*changes).get()
        ProvisionCopy.objects.update(**changes)
        found = list(reconciliation.differences(since=NOW - day, until=NOW + day))
        assert found == [Difference(named, reconciliation.OTHER_CONTENT)]
        ProvisionCopy.objects.update(**before)
    ProvisionCopy.objects.update(inquirer="")  # the person is protected
    assert differences() == []
    ProvisionCopy.objects.all().delete()
    assert differences() == [reconciliation.NO_COPY]


def test_a_copy_of_no_event_is_named():
    hold_income(HANAKO)
    ask()
    copy = ProvisionCopy.objects.get()
    copy.id = uuid.uuid4()
    copy.save(force_insert=True)
    assert differences() == [reconciliation.NO_EVENT]


def test_more_events_than_one_chunk(monkeypatch):
    monkeypatch.setattr(reconciliation, "_CHUNK", 2)
    hold_income(HANAKO)
    for _ in range(5):
        ask()
    assert differences() == []
    ProvisionCopy.objects.all().delete()
    assert differences() == [reconciliation.NO_COPY] * 5


def test_the_command_and_the_task_tell_what_they_find(capsys, caplog):
    hold_income(HANAKO)
    at = timezone.now() - timedelta(hours=1)
    ask(at=at)
    call_command("reconcile_records")
    assert "Every event has its copies." in capsys.readouterr().out
    ProvisionCopy.objects.all().delete()
    with pytest.raises(CommandError, match="1 × an answer is on record"):
        call_command("reconcile_records", "--only-report")
    tasks.check_records()
    assert f"{reconciliation.NO_COPY} (repaired)" in caplog.text
    InquiryCopy.objects.all().delete()
    capsys.readouterr()
    call_command("reconcile_records")
    said = capsys.readouterr()
    assert "1 event repaired." in said.out
    assert f"{reconciliation.NO_COPY_OF_INQUIRER} (repaired)" in said.err
    ProvisionCopy.objects.update(outcome="0004")
    with pytest.raises(CommandError, match="1 × a copy says something else"):
        call_command("reconcile_records")
    tasks.ask_witnesses()
