"""A bill tried again is the same bill; a bill is taken back only while it is open."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, connections, transaction

from databases import PORTAL
from payments import charging, ledger
from payments.models import Charge, Journal
from payments.states import ChargeState, PaymentState, charges_that_may_become, payments_that_may_become
from tests.mailing import NOW, balances, bill, chofu, citizen, new_code, order, tell
from tests.support import DATABASES

pytestmark = DATABASES


def test_the_same_bill_again_is_the_same_bill_even_when_paid() -> None:
    chofu()
    code = citizen().portal_code
    first = bill(code, reference="N-7")
    assert bill(code, reference="N-7", at=NOW.replace(hour=9)).pk == first.pk
    tell(order(first))
    assert bill(code, reference="N-7").state == ChargeState.PAID
    assert (Charge.objects.count(), Journal.objects.filter(kind="ISSUED").count()) == (1, 1)


@pytest.mark.parametrize("change", [{"amount": 1}, {"title": "other"}, {"due_on": datetime.date(2027, 1, 1)}])
def test_a_reference_for_another_bill_is_refused(change: dict[str, object]) -> None:
    code = new_code()
    bill(code, reference="N-7")
    with pytest.raises(charging.ReferenceTaken):
        bill(code, reference="N-7", **change)
    with pytest.raises(charging.ReferenceTaken):
        bill(new_code(), reference="N-7")
    assert Charge.objects.count() == 1


def test_agencies_do_not_share_references() -> None:
    code = new_code()
    assert bill(code, reference="N-7").pk != bill(code, reference="N-7", agency="132047").pk


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 100_000_000},
        {"amount": 1.5},
        {"amount": True},
        {"amount": "500"},
        {"title": ""},
        {"title": " "},
        {"title": "a\nb"},
        {"title": "x" * 101},
        {"reference": ""},
    ],
)
def test_a_bill_out_of_order_is_refused_and_leaves_nothing(wrong: dict[str, object]) -> None:
    with pytest.raises(charging.NotChargeable):
        bill(new_code(), **wrong)
    assert (Charge.objects.count(), Journal.objects.count()) == (0, 0)


def test_the_database_refuses_an_amount_that_slipped_past() -> None:
    charge = bill(new_code())
    for amount in (0, 100_000_000):
        with pytest.raises(IntegrityError), transaction.atomic(using=PORTAL):
            Charge.objects.filter(pk=charge.pk).update(amount=amount)


def test_a_cancelled_bill_is_owed_no_more_and_cancelled_once() -> None:
    charge = bill(new_code())
    charging.cancel(charge=charge, at=NOW)
    assert Charge.objects.get().state == ChargeState.CANCELLED
    assert balances() == {}
    with pytest.raises(charging.NotOpen):
        charging.cancel(charge=charge, at=NOW)


def test_a_paid_bill_is_not_cancelled() -> None:
    chofu()
    charge = bill(citizen().portal_code)
    tell(order(charge))
    with pytest.raises(charging.NotOpen):
        charging.cancel(charge=charge, at=NOW)
    assert ledger.balance("clearing:sandbox") == charge.amount


def test_a_bill_lapses_five_years_after_its_day() -> None:
    charge = bill(new_code(), due_on=datetime.date(2021, 7, 1))
    assert charging.close_time_barred(on=datetime.date(2026, 7, 1), at=NOW) == 0
    assert charging.close_time_barred(on=datetime.date(2026, 7, 2), at=NOW) == 1
    assert charging.close_time_barred(on=datetime.date(2026, 7, 2), at=NOW) == 0
    assert Charge.objects.get(pk=charge.pk).state == ChargeState.EXPIRED
    assert balances() == {}


def test_the_limit_of_a_leap_day_is_a_day_that_exists() -> None:
    bill(new_code(), due_on=datetime.date(2023, 2, 27))
    assert charging.close_time_barred(on=datetime.date(2028, 2, 29), at=NOW) == 1


def test_no_word_of_a_bill_lies_in_the_database_unsealed() -> None:
    charge = bill(new_code(), title="TitleInClear", reference="HANAKO-NURSERY")
    with connections[PORTAL].cursor() as cursor:
        cursor.execute("SELECT * FROM payments_charge")
        row = [bytes(v) if isinstance(v, memoryview) else v for v in cursor.fetchone()]
    for plain in ("TitleInClear", "HANAKO-NURSERY"):
        assert not [v for v in row if isinstance(v, bytes) and plain.encode() in v]
        assert not [v for v in row if isinstance(v, str) and plain in v]
    again = Charge.objects.get(pk=charge.pk)
    assert (again.title, again.agency_reference) == ("TitleInClear", "HANAKO-NURSERY")
    assert repr(again) == "<Charge>"


def test_overdue_is_the_day_after_the_due_day() -> None:
    charge = bill(new_code(), due_on=datetime.date(2026, 7, 31))
    assert not charge.is_overdue(datetime.date(2026, 7, 31))
    assert charge.is_overdue(datetime.date(2026, 8, 1))
    assert list(Charge.objects.overdue(datetime.date(2026, 8, 1))) == [charge]


def test_the_tables_of_changes() -> None:
    assert charges_that_may_become(ChargeState.PAID) == [ChargeState.ISSUED]
    assert charges_that_may_become(ChargeState.ISSUED) == []
    assert payments_that_may_become(PaymentState.FAILED) == [PaymentState.STARTED]
    assert payments_that_may_become(PaymentState.SUCCEEDED) == [PaymentState.STARTED, PaymentState.FAILED]
