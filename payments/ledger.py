"""The double-entry journal: what agencies are owed, what providers hold for them, what goes back.

Accounts are strings: `receivable:<agency>` (people owe it), `income:<agency>` (it has billed), `clearing:<provider>`
(the provider holds it), `returns:<provider>` (to go back to a payer). A debit is above zero, a credit below; every
posting sums to zero, which the database checks when the head is written after its lines.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import Sum

from databases import PORTAL
from payments.models import Charge, Journal, Line, Payment


def post_issue(charge: Charge, *, at: datetime.datetime) -> None:
    """A bill is issued: the person owes the agency."""
    _post(Journal.Kind.ISSUED, charge, None, at, debit=f"receivable:{charge.agency}", credit=f"income:{charge.agency}")


def post_withdrawal(charge: Charge, kind: str, *, at: datetime.datetime) -> None:
    """A bill is cancelled or time-barred: nothing is owed any more."""
    _post(kind, charge, None, at, debit=f"income:{charge.agency}", credit=f"receivable:{charge.agency}")


def post_payment(payment: Payment, *, at: datetime.datetime) -> None:
    """A bill is paid: the provider holds what the person owed."""
    charge = payment.charge
    clearing = f"clearing:{payment.provider}"
    _post(Journal.Kind.PAID, charge, payment, at, debit=clearing, credit=f"receivable:{charge.agency}")


def post_return(payment: Payment, *, at: datetime.datetime) -> None:
    """Money came for a bill that needed none, and goes back: both movements are on the books."""
    clearing, returns = f"clearing:{payment.provider}", f"returns:{payment.provider}"
    _post(Journal.Kind.RECEIVED_TWICE, payment.charge, payment, at, debit=clearing, credit=returns)
    _post(Journal.Kind.RETURNED, payment.charge, payment, at, debit=returns, credit=clearing)


def balance(account: str) -> int:
    """The balance of an account, in yen."""
    return Line.objects.filter(account=account).aggregate(total=Sum("amount"))["total"] or 0


def _post(
    kind: str, charge: Charge, payment: Payment | None, at: datetime.datetime, *, debit: str, credit: str
) -> None:
    amount = payment.amount if payment else charge.amount
    with transaction.atomic(using=PORTAL):
        head = Journal(id=uuid.uuid4(), kind=kind, charge=charge, payment=payment, posted_at=at)
        Line.objects.bulk_create(
            [Line(journal=head, account=debit, amount=amount), Line(journal=head, account=credit, amount=-amount)]
        )
        head.save(force_insert=True)
