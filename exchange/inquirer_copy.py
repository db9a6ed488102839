"""The inquirer's copy of an inquiry (article 23(1)), made from the event or, after a crash, from the log alike."""

from __future__ import annotations

from datetime import UTC, datetime

from exchange import ledger
from exchange.ledger import Event
from holdings import inquirer_copies
from holdings.periods import legal_day


def keep(event: Event, *, row: str, outcome: str, asked_at: datetime, ended_at: datetime) -> None:
    """Write it before the answer leaves. Again changes nothing. `row` is that of the permission table; "": refused."""
    facts = {name: value for name, value in ledger.facts(event).items() if name != "event"}
    facts |= {
        "asked_at": _moment(asked_at),
        "case_number": event.private.get("case_number", ""),
        "ended_at": _moment(ended_at),
        "is_withheld": event.is_withheld,
        "outcome": outcome,
        "row": row,
    }
    inquirer_copies.keep(reference=ledger.reference(event.id, ledger.INQUIRER), facts=facts, on=legal_day(asked_at))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
