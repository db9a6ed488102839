"""A clerk looks: not an exchange between agencies, but on the same record, so that nothing is looked at in secret."""

from __future__ import annotations

from datetime import datetime

from agencies.models import Agency
from exchange import ledger
from exchange.ledger import Event
from exchange.models import Kind, Phase
from exchange.permission import permit

_RESIDENT_RECORD = "TM00000000000001"
# What a clerk can look at: the affair and data set of its row in the permission table.
GROUNDS = {
    "register": ("JM90000000000091", _RESIDENT_RECORD),
    "search": ("JM90000000000092", _RESIDENT_RECORD),
    "search-arrivals": ("JM90000000000092", _RESIDENT_RECORD),
    "number": ("JM90000000000093", "TM90000000000090"),
    "code-issue": ("JM90000000000094", "TM90000000000091"),
}


def record(
    *, agency: Agency, subject: bytes | None, purpose: str, case_number: str, clerk: str, what: str, at: datetime
) -> str:
    """Record a look and return its reference; show nothing before. Raises Refused, which is on record as well.

    `what` is one of GROUNDS, and after a colon may say by what was searched (`search: name birth_date`). A search
    without a result concerns nobody: `subject` is None. `clerk` is a pseudonym.
    """
    affair, data_set = GROUNDS.get(what.partition(":")[0], ("", ""))
    event = Event(
        kind=Kind.LOOK,
        inquirer=agency,
        provider=None,
        affair=affair,
        data_set=data_set,
        items=(),
        subject=subject,
        private={"purpose": purpose, "case_number": case_number, "clerk": clerk, "what": what},
    )
    ledger.record(event, rule=permit(event, at=at), phase=Phase.ASKED, outcome="0000", at=at)
    return ledger.reference(event.id, ledger.INQUIRER)
