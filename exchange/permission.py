"""The gate before every use of a code: permitted and named by a row of the table, or refused and on record."""

from __future__ import annotations

from datetime import date, datetime

from exchange import delegation, ledger, statute
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
    on = legal_day(at)
    if event.on_behalf_of is not None:
        _check_delegation(event, on)
    return statute.legal_basis(
        kind=event.kind,
        inquirer=event.on_behalf_of or event.inquirer,
        provider=event.provider or event.inquirer,
        affair=event.affair,
        data_set=event.data_set,
        items=event.items,
        on=on,
    )


def permit(event: Event, *, at: datetime) -> Rule:
    """The row that permits the event on this day. A refusal is recorded before it is raised. Raises Refused."""
    try:
        return decide(event, at=at)
    except statute.NotPermitted as refusal:
        ledger.record(event, phase=Phase.REFUSED, outcome=refusal.outcome, at=at)
        raise Refused(refusal.outcome, ledger.reference(event.id, ledger.INQUIRER)) from None


def _check_delegation(event: Event, on: date) -> None:
    """The delegator's permission serves the delegate only where that is on record, and its own file is assessed too."""
    delegator, delegate = event.on_behalf_of, event.inquirer
    if delegator is None or event.provider == delegate:
        raise statute.NoLegalBasis
    if not delegation.is_on_record(delegator=delegator, delegate=delegate, affair=event.affair, on=on):
        raise statute.NoLegalBasis
    if not delegate.is_assessed(on):
        raise statute.AssessmentMissing
