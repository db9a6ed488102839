"""A clerk looks: not an exchange between agencies, but on the same record, so that nothing is looked at in secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from agencies.models import Agency
from exchange import ledger
from exchange.ledger import Entry, Event
from exchange.models import Kind, Phase
from exchange.permission import permit

_RESIDENT_RECORD = "TM00000000000001"
# What a clerk can look at, and what else a code is used for: affair and data set of its row in the permission table.
GROUNDS = {
    "register": ("JM90000000000091", _RESIDENT_RECORD),
    "search": ("JM90000000000092", _RESIDENT_RECORD),
    "search-arrivals": ("JM90000000000092", _RESIDENT_RECORD),
    "number": ("JM90000000000093", "TM90000000000090"),
    "code-issue": ("JM90000000000094", "TM90000000000091"),
    "protection": ("JM90000000000095", "TM90000000000094"),
    "waiting": ("JM90000000000096", "TM90000000000095"),
    "supervision": ("JM90000000000097", "TM90000000000097"),
}


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Look:
    """One look, or one use of a person's code that no exchange of information brought about.

    `what` is one of GROUNDS, and after a colon may say by what was searched (`search: name birth_date`). A search
    without a result concerns nobody: `subject` is None. `clerk` is a pseudonym. `told` is the agency that was given
    something under its own code, where one was. A look into what the law withholds from the person for now (article
    23(2)) is withheld as well: until `disclosed_from`, or without a day.
    """

    agency: Agency
    subject: bytes | None
    what: str
    purpose: str = ""
    case_number: str = ""
    clerk: str = ""
    told: Agency | None = None
    is_withheld: bool = False
    disclosed_from: date | None = None

    def __repr__(self) -> str:
        return "<Look>"


def record(
    *, agency: Agency, subject: bytes | None, purpose: str, case_number: str, clerk: str, what: str, at: datetime
) -> str:
    """Record a look and return its reference; show nothing before. Raises Refused, which is on record as well."""
    look = Look(agency=agency, subject=subject, purpose=purpose, case_number=case_number, clerk=clerk, what=what)
    return record_all([look], at=at)[0]


def record_all(looks: Sequence[Look], *, at: datetime) -> list[str]:
    """Record many as one, each with a reference of its own. Where one is refused, that is on record, and no other."""
    entries = []
    for look in looks:
        event = _event(look)
        # The ground is the looking agency's own; whom it tells is named in the record and needs none.
        rule = permit(replace(event, provider=None), at=at)
        entries.append(Entry(event, Phase.ASKED, rule, "0000"))
    ledger.record_all(ledger.prepare_all(entries, at=at))
    return ledger.references([entry.event.id for entry in entries], ledger.INQUIRER)


def _event(look: Look) -> Event:
    affair, data_set = GROUNDS.get(look.what.partition(":")[0], ("", ""))
    return Event(
        kind=Kind.LOOK,
        inquirer=look.agency,
        provider=look.told,
        affair=affair,
        data_set=data_set,
        items=(),
        subject=look.subject,
        private={
            "purpose": look.purpose, "case_number": look.case_number, "clerk": look.clerk, "what": look.what,
        },
        is_withheld=look.is_withheld,
        disclosed_from=look.disclosed_from,
    )  # fmt: skip
