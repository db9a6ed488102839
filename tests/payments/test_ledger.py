"""The journal: lines before their head, a sum of zero, and nothing ever changed, by the database itself."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import ProtectedError

from databases import PORTAL
from payments import ledger
from payments.models import Charge, Journal, Line
from tests.mailing import NOW, bill, chofu, new_code, order, tell
from tests.support import DATABASES

pytestmark = DATABASES


def refused(act: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(using=PORTAL):
        act()


def head(charge: Charge, kind: str = Journal.Kind.CANCELLED) -> Journal:
    return Journal(id=uuid.uuid4(), kind=kind, charge=charge, posted_at=NOW)


def test_a_bill_stands_on_the_books_of_its_agency() -> None:
    bill(new_code(), amount=500)
    bill(new_code(), amount=700)
    assert ledger.balance("receivable:132080") == 1_200
    assert ledger.balance("income:132080") == -1_200


def test_a_payment_moves_the_debt_to_the_provider() -> None:
    payment = order(bill(new_code(), amount=500))
    ledger.post_payment(payment, at=NOW)
    assert ledger.balance("receivable:132080") == 0
    assert ledger.balance("clearing:sandbox") == 500


def test_money_that_goes_back_is_on_the_books_both_ways() -> None:
    payment = order(bill(new_code(), amount=500))
    ledger.post_return(payment, at=NOW)
    assert [ledger.balance(account) for account in ("clearing:sandbox", "returns:sandbox")] == [0, 0]
    moves = Line.objects.filter(account="returns:sandbox").values_list("journal__kind", "amount")
    assert sorted(moves) == [("RECEIVED_TWICE", -500), ("RETURNED", 500)]


@pytest.mark.parametrize("amounts", [[], [0], [5], [5, -4], [5, 5], [5, -5, 1]])
def test_a_posting_that_does_not_sum_to_zero_is_refused(amounts: list[int]) -> None:
    charge = bill(new_code())

    def post() -> None:
        journal = head(charge)
        Line.objects.bulk_create([Line(journal=journal, account="a", amount=amount) for amount in amounts])
        journal.save(force_insert=True)

    refused(post)


def test_a_line_after_its_head_is_refused_even_one_that_would_balance() -> None:
    bill(new_code())
    journal = Journal.objects.get()
    refused(lambda: Line.objects.create(journal=journal, account="a", amount=5))
    refused(
        lambda: Line.objects.bulk_create(
            [Line(journal=journal, account="a", amount=5), Line(journal=journal, account="b", amount=-5)]
        )
    )


def test_a_line_without_a_head_fails_at_commit() -> None:
    charge = bill(new_code())

    def post() -> None:
        Line.objects.create(journal=head(charge), account="a", amount=5)
        connections[PORTAL].check_constraints()  # what the commit does

    refused(post)


def test_heads_and_lines_are_never_changed_or_removed() -> None:
    bill(new_code())
    refused(lambda: Line.objects.update(amount=1))
    refused(lambda: Line.objects.all().delete())
    refused(lambda: Journal.objects.update(posted_at=NOW))
    refused(lambda: Journal.objects.all()._raw_delete(PORTAL))
    assert (Journal.objects.count(), Line.objects.count()) == (1, 2)


def test_replacing_a_row_is_refused_too() -> None:
    if connections[PORTAL].vendor != "sqlite":
        pytest.skip("INSERT OR REPLACE is SQLite's")
    bill(new_code())
    for table in ("payments_line", "payments_journal"):

        def replace(table: str = table) -> None:
            with connections[PORTAL].cursor() as cursor:
                cursor.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")  # noqa: S608

        refused(replace)


def test_emptying_a_table_is_refused_too() -> None:
    if connections[PORTAL].vendor != "postgresql":
        pytest.skip("TRUNCATE is PostgreSQL's")
    bill(new_code())

    def truncate() -> None:
        with connections[PORTAL].cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("TRUNCATE payments_line, payments_journal CASCADE")

    refused(truncate)


def test_one_posting_of_a_kind_per_payment_and_per_bill() -> None:
    payment = order(bill(new_code()))
    ledger.post_payment(payment, at=NOW)
    refused(lambda: ledger.post_payment(payment, at=NOW))
    refused(lambda: ledger.post_issue(payment.charge, at=NOW))


def test_a_bill_with_a_history_cannot_be_removed() -> None:
    chofu()
    charge = bill(new_code())
    tell(order(charge))
    with pytest.raises(ProtectedError):
        charge.delete()
