"""Letters, bills and bank events for tests, and databases with real commits for threads and servers."""

from __future__ import annotations

import datetime
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from accounts.models import User
from agencies.models import Agency
from codes.rist1 import Code, person_point
from databases import EXCHANGE, PORTAL
from notifications import delivery
from notifications.models import Message
from payments import charging, paying
from payments.models import Charge, Line, Payment
from payments.providers.base import Result
from sandbox_bank import events, orders

NOW = datetime.datetime(2026, 7, 1, 3, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)
CHOFU = "132080"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
SUBJECT = "児童手当の認定について"
BODY = "児童手当の受給資格を認定しました。\n詳しくは添付の通知書をご覧ください。"


def new_code() -> Code:
    return Code(person_point(secrets.token_bytes(32)), 1)


def citizen(language: str = "ja") -> User:
    user = User.objects.citizen(new_code())
    user.language = language
    user.save()
    return user


def chofu() -> Agency:
    return Agency.objects.get_or_create(
        local_code=CHOFU,
        defaults={
            "corporate_number": "1000020132080",
            "name_ja": "調布市",
            "name_en": "Chofu City",
            "kind": Agency.Kind.MUNICIPALITY,
        },
    )[0]


def letter(code: Code, **changes: Any) -> Message:
    fields: dict[str, Any] = {
        "portal_code": code,
        "sender": CHOFU,
        "reference": secrets.token_hex(8),
        "subject": SUBJECT,
        "body": BODY,
        "documents": [("認定通知書.pdf", PDF)],
        "kind": Message.Kind.DECISION,
        "at": NOW,
    }
    return delivery.deliver(**(fields | changes))


def bill(code: Code, **changes: Any) -> Charge:
    fields: dict[str, Any] = {
        "portal_code": code,
        "agency": CHOFU,
        "reference": secrets.token_hex(8),
        "title": "保育料 2026年7月分",
        "amount": 18_500,
        "due_on": datetime.date(2026, 7, 31),
        "at": NOW,
    }
    return charging.issue(**(fields | changes))


def order(charge: Charge, at: datetime.datetime = NOW) -> Payment:
    """A payment that its owner started, as the bank would get it."""
    user = User.objects.citizen(charge.portal_code)
    paying.start(charge=charge, user=user, return_url="/back", notify_url="http://127.0.0.1:9/", payee="調布市", at=at)
    return Payment.objects.get(charge=charge, state=Payment.State.STARTED)


def event(payment: Payment, result: Result = Result.SUCCEEDED, **changes: Any) -> bytes:
    """The event's body as the bank sends it, with some fields changed."""
    of_bank = orders.Order("", payment.order, payment.amount, "", "", "", NOW)
    told = json.loads(events.body_of(of_bank, result.value)) | changes
    return json.dumps(told, separators=(",", ":")).encode()


def tell(payment: Payment, result: Result = Result.SUCCEEDED, at: datetime.datetime = NOW, **changes: Any) -> str:
    """Settle as if the bank had sent the event."""
    body = event(payment, result, **changes)
    return paying.settle(event=body, signature=events.signature_of(body, at=at), at=at).value


def balances() -> dict[str, int]:
    """Every account that does not stand at zero."""
    totals: dict[str, int] = {}
    for account, amount in Line.objects.values_list("account", "amount"):
        totals[account] = totals.get(account, 0) + amount
    return {account: total for account, total in totals.items() if total}


@contextmanager
def copied_databases(*aliases: str) -> Iterator[None]:
    """Work on copies of the test databases, with real commits; append-only rows go with the copy, not by a flush."""
    suffix = f"mail{secrets.token_hex(4)}"
    own = {alias: connections[alias].settings_dict["NAME"] for alias in aliases}
    for alias in aliases:
        connections[alias].close()
        connections[alias].creation.clone_test_db(suffix, verbosity=0)
        clone = connections[alias].creation.get_test_db_clone_settings(suffix)
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = clone["NAME"]
    try:
        yield
    finally:
        for alias in aliases:
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = own[alias]
            connections[alias].creation.destroy_test_db(suffix=suffix, verbosity=0)
            connections[alias].close()


@contextmanager
def real_commits(blocker: Any) -> Iterator[None]:
    """The portal's and the exchange's databases as copies, open to every thread of this test."""
    with blocker.unblock(), copied_databases(PORTAL, EXCHANGE):
        chofu()
        yield
