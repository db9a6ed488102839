"""The gate before every use of a code: permitted and named by a row of the table, or refused and on record."""

from __future__ import annotations

from datetime import datetime

from exchange import ledger, statute
from exchange.ledger import Event
from exchange.models import Phase
from exchange.statute import Rule
from holdings.periods import legal_day


class Refused(Exception):
    """The exchange refused. `code` is the result code, `record` the inquirer's reference of the refusal's record."""

    def __init__(self, code: str, record: str) -> None:
        super().__init__(code)
        self.code = code
        self.record = record


def decide(event: Event, *, at: datetime) -> Rule:
    """The row that permits the event on this day. Raises statute.NotPermitted, and records nothing."""
    return statute.legal_basis(
        kind=event.kind,
        inquirer=event.inquirer,
        provider=event.provider or event.inquirer,
        affair=event.affair,
        data_set=event.data_set,
        items=event.items,
        on=legal_day(at),
    )


def permit(event: Event, *, at: datetime) -> Rule:
    """The row that permits the event on this day. A refusal is recorded before it is raised. Raises Refused."""
    try:
        return decide(event, at=at)
    except statute.NotPermitted as refusal:
        ledger.record(event, phase=Phase.REFUSED, outcome=refusal.outcome, at=at)
        raise Refused(refusal.outcome, ledger.reference(event.id, ledger.INQUIRER)) from None
