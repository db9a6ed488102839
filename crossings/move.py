"""A person comes to live in the clerk's municipality: the register notes it, and the municipality gets its code.

Register and exchange share no transaction. The register's act comes first and is safe to repeat; the code goes through
numbering's outbox and is safe to repeat; a kill between the two leaves a resident without a code at his new city, which
`finish_moves` finds and ends.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

from django.db.models import Exists, OuterRef

from accounts.models import User
from crossings import protect
from crossings.codes import drain_code_issues, issue_code
from crossings.enrol import enrol
from exchange.conversion import NoCodeKey
from numbering.models import IssuedCode
from residents import moves, register
from residents.details import Address, PersonDetails
from residents.errors import OtherMunicipality
from residents.models import Entry, Household, Relation, Resident, Status


def move_in(
    *,
    clerk: User,
    resident: Resident,
    address: Address,
    household: Household | None = None,
    relation: str = Relation.HEAD,
    on: date | None = None,
    at: datetime,
) -> Entry:
    """A person who moved out elsewhere arrives (Basic Resident Registration Act, article 22).

    The look that came before it is `crossings.look.look`. Raises RegisterError.
    """
    _require_own(clerk, address)
    entry = moves.move_in(
        resident=resident, address=address, household=household, relation=relation, on=on, by=_name(clerk), at=at
    )
    know_here(entry=entry, at=at)
    return entry


def return_to_japan(
    *,
    clerk: User,
    resident: Resident,
    address: Address,
    household: Household | None = None,
    relation: str = Relation.HEAD,
    on: date | None = None,
    at: datetime,
) -> Entry:
    """A person who lived abroad comes back, to any municipality: the same record code, the same number."""
    _require_own(clerk, address)
    entry = moves.return_to_japan(
        resident=resident, address=address, household=household, relation=relation, on=on, by=_name(clerk), at=at
    )
    know_here(entry=entry, at=at)
    return entry


def register_birth(
    *, clerk: User, details: PersonDetails, address: Address, household: Household, at: datetime
) -> Entry:
    """A child is born into a household of the municipality: record, number, codes."""
    _require_own(clerk, address)
    entry = register.register_birth(details=details, address=address, household=household, by=_name(clerk), at=at)
    enrol(resident=entry.resident, agencies=[clerk.agency], at=at)
    return entry


def register_from_abroad(
    *,
    clerk: User,
    details: PersonDetails,
    address: Address,
    household: Household | None = None,
    relation: str = Relation.HEAD,
    on: date | None = None,
    at: datetime,
) -> Entry:
    """A person who never was on a register in Japan: record, number, codes. Who once left returns instead."""
    _require_own(clerk, address)
    entry = register.register_from_abroad(
        details=details, address=address, household=household, relation=relation, on=on, by=_name(clerk), at=at
    )
    enrol(resident=entry.resident, agencies=[clerk.agency], at=at)
    return entry


def know_here(*, entry: Entry, at: datetime) -> None:
    """The municipality of the entry gets its own code for the person, and the person's protection goes with it."""
    municipality = entry.local_government_code
    local_id = entry.resident.local_id_at(municipality)
    if local_id is None:
        raise LookupError("A resident of a municipality has an id there.")
    # The flag first: there must be no moment in which the new city can be asked and does not know of it.
    if entry.resident.is_protected(at):
        protect.write_copies(resident=entry.resident, also=[municipality], at=at)
    # Without a key of the municipality the promise stands in the outbox, and the move is noted all the same.
    with suppress(NoCodeKey):
        issue_code(resident=entry.resident, agency=municipality, local_id=local_id, at=at)


def finish_moves(*, at: datetime, most: int = 500) -> int:
    """End what a kill left half done: residents whose municipality has no code yet. Returns how many."""
    told = IssuedCode.objects.filter(resident=OuterRef("resident"), agency=OuterRef("local_government_code"))
    open_entries = Entry.objects.current().filter(status=Status.RESIDENT).exclude(Exists(told))[:most]
    finished = drain_code_issues(at=at).done
    for entry in open_entries.select_related("resident"):
        know_here(entry=entry, at=at)
        finished += 1
    return finished


def _require_own(clerk: User, address: Address) -> None:
    if not clerk.is_staff or address.local_government_code != clerk.agency:
        raise OtherMunicipality


def _name(clerk: User) -> str:
    """The name under which the register knows the clerk: never the staff directory's code."""
    return clerk.pseudonym("registry")
