"""Every event has its copies, each under an id of its own; what lacks one is named, whatever step a crash fell on."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from exchange import delivery, inquiry, ledger, reconciliation, self_inquiry, tasks
from exchange.models import AccessRecord
from exchange.reconciliation import Difference
from holdings.models import ProvisionCopy
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


@pytest.mark.parametrize(
    ("step", "call", "expected"),
    [
        ("permit", 1, []),
        ("ledger.record", 1, []),
        ("provide.answer", 1, [reconciliation.UNANSWERED]),
        ("ledger.record", 2, [reconciliation.CUT_OFF]),
    ],
)
def test_a_crash_before_a_step_is_named(monkeypatch, step, call, expected):
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
        call_command("reconcile_records")
    tasks.check_records()
    assert reconciliation.NO_COPY in caplog.text
    tasks.ask_witnesses()
