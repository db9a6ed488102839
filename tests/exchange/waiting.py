"""An inquiry that waits for Mitaka to decide, and what is on record of it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from exchange import ledger, reconciliation
from exchange.inquiry import Answer
from exchange.inquiry_models import Inquiry
from exchange.models import Leaf
from holdings import inquirer_copies, waiting
from holdings.models import InquiryCopy, ProvisionCopy, WaitingQuestion
from tests.exchange.people import HANAKO, LOCAL_TAX, MITAKA, NOW, agency, ask, code_at, hold_income

LATER = NOW + timedelta(hours=3)
TOO_LATE = NOW + timedelta(days=10, seconds=1)


def by_hand(person: bytes | None = HANAKO) -> None:
    """Mitaka decides by hand about the person's local tax, or about everyone's."""
    code = code_at(agency(MITAKA), person) if person else None
    waiting.set_by_hand(agency=MITAKA, data_set=LOCAL_TAX, code=code)


def ask_and_wait(**changes: Any) -> Answer:
    """Hanako's income is held at Mitaka, and Chofu's inquiry about it waits."""
    hold_income(HANAKO)
    by_hand()
    answer = ask(**changes)
    assert answer.is_pending
    return answer


def reference() -> str:
    """Mitaka's reference of the one question that waits."""
    return str(WaitingQuestion.objects.get().id)


def event_of(answer: Answer) -> Any:
    return ledger.event_of(answer.record, ledger.INQUIRER)


def phases() -> list[tuple[str, str]]:
    bodies = [json.loads(leaf.body) for leaf in Leaf.objects.order_by("index")]
    return [(body["phase"], body["outcome"]) for body in bodies]


def outcomes_of_copies() -> tuple[list[str], list[str]]:
    """What the provider's and the inquirers' copies say of the end."""
    own = [inquirer_copies.opened(copy)["outcome"] for copy in InquiryCopy.objects.all()]
    return [copy.outcome for copy in ProvisionCopy.objects.all()], own


def state() -> str:
    return str(Inquiry.objects.get().state)


def differences(until: datetime = TOO_LATE + timedelta(days=1)) -> list[str]:
    return [found.what for found in reconciliation.differences(since=NOW - timedelta(days=1), until=until)]


def assert_ended_everywhere(outcome: str) -> None:
    """One end, the same in all three copies, and nothing left in the in-tray."""
    assert phases() == [("ASKED", ""), ("ANSWERED", outcome)]
    assert outcomes_of_copies() == ([outcome], [outcome])
    assert Inquiry.objects.get().is_settled
    assert not WaitingQuestion.objects.exists()
    assert differences() == []
