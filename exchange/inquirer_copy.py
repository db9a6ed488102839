"""The inquirer's copy of an inquiry (article 23(1)), made from the event or, after a crash, from the log alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from exchange import ledger
from exchange.ledger import Event
from holdings import inquirer_copies
from holdings.periods import legal_day


def keep(event: Event, *, row: str, outcome: str, asked_at: datetime, ended_at: datetime) -> None:
    """Write it before the answer leaves. Again changes nothing. `row` is that of the permission table; "": refused."""
    copy = _copy(event, row, outcome, ledger.reference(event.id, ledger.INQUIRER), asked_at, ended_at)
    inquirer_copies.keep_all([copy], on=legal_day(asked_at))


def keep_all(ended: Sequence[tuple[Event, str, str]], *, are_new: bool, at: datetime) -> None:
    """As `keep`, for many that began and ended together: event, row and outcome of each. `are_new`: none is there."""
    references = ledger.references([event.id for event, _, _ in ended], ledger.INQUIRER)
    copies = [
        _copy(event, row, outcome, reference, at, at)
        for (event, row, outcome), reference in zip(ended, references, strict=True)
    ]
    inquirer_copies.keep_all(copies, on=legal_day(at), are_new=are_new)


def _copy(
    event: Event, row: str, outcome: str, reference: str, asked_at: datetime, ended_at: datetime
) -> tuple[str, dict[str, Any]]:
    """The inquirer's reference, and what the copy says."""
    facts = ledger.facts(event) | {
        "asked_at": _moment(asked_at),
        "case_number": event.private.get("case_number", ""),
        "ended_at": _moment(ended_at),
        "is_withheld": event.is_withheld,
        "outcome": outcome,
        "row": row,
    }
    return reference, facts


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
