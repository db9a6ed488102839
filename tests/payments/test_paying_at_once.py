"""Several events and starts at the very same time, with real commits: exactly one payment counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from notifications.models import Message
from payments.charging import NotOpen
from payments.models import Charge, Journal, Payment, ProviderEvent
from payments.providers.base import Result
from tests.mailing import MINUTE, NOW, balances, bill, citizen, letter, new_code, order, real_commits, tell
from tests.support import DATABASES, scaled

pytestmark = [pytest.mark.committed]


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with real_commits(django_db_blocker):
        yield


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in threads that start together; returns results or the errors."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            gate.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


@pytest.mark.soak
def test_two_payments_of_one_bill_at_once(committed: None) -> None:
    for _ in range(scaled(50)):
        charge = bill(citizen().portal_code)
        payments = [order(charge, NOW + n * 16 * MINUTE) for n in range(2)]
        answers = at_once(*[lambda payment=payment: tell(payment) for payment in payments])
        assert sorted(answers) == ["ACCEPTED", "RETURNED"]
        assert sorted(Payment.objects.filter(charge=charge).values_list("state", flat=True)) == [
            "RETURNED",
            "SUCCEEDED",
        ]
        assert Journal.objects.filter(charge=charge, kind=Journal.Kind.PAID).count() == 1
        letters = Message.objects.filter(mailbox__portal_code=charge.portal_code).values_list("kind", flat=True)
        assert sorted(letters) == ["NOTICE", "RECEIPT"]
    assert sum(balances().values()) == 0


@pytest.mark.soak
def test_one_event_delivered_several_times_at_once(committed: None) -> None:
    for _ in range(scaled(50)):
        payment = order(bill(citizen().portal_code))
        assert at_once(*[lambda: tell(payment)] * 4) == ["ACCEPTED"] * 4  # noqa: B023  # run within this turn
        assert ProviderEvent.objects.filter(payment=payment).count() == 1
        assert Journal.objects.filter(payment=payment).count() == 1


def test_success_and_failure_at_once(committed: None) -> None:
    payment = order(bill(citizen().portal_code))
    at_once(lambda: tell(payment), lambda: tell(payment, Result.FAILED))
    assert (Payment.objects.get().state, Charge.objects.get().state) == ("SUCCEEDED", "PAID")


def test_several_starts_at_once_are_one_order(committed: None) -> None:
    charge = bill(citizen().portal_code)
    started = at_once(*[lambda: order(charge)] * 4)
    assert {payment.order for payment in started} == {Payment.objects.get().order}


def test_a_start_and_a_payment_at_once_wait_for_each_other(committed: None) -> None:
    charge = bill(citizen().portal_code)
    payment = order(charge)
    answers = at_once(lambda: tell(payment), lambda: order(charge, NOW + 20 * MINUTE))
    assert answers[0] == "ACCEPTED"
    assert isinstance(answers[1], Payment | NotOpen | Payment.DoesNotExist)
    assert Charge.objects.get().state == "PAID"


def test_one_letter_and_one_bill_sent_several_times_at_once(committed: None) -> None:
    code = new_code()
    letters = at_once(*[lambda: letter(code, reference="2026-1").pk] * 4)
    bills = at_once(*[lambda: bill(code, reference="2026-1").pk] * 4)
    assert (len(set(letters)), len(set(bills))) == (1, 1)
    assert (Message.objects.count(), Charge.objects.count()) == (1, 1)


@DATABASES
def test_real_commits_left_nothing_in_the_tests_databases() -> None:
    assert (Charge.objects.count(), Message.objects.count()) == (0, 0)
