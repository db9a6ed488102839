"""A resident of the register becomes a code of an agency; the portal and the staff directory open theirs here.

The register hands out the person's point encrypted to the agency, the exchange applies the agency's scalar unseen, the
agency opens the result (codes.rist1). Issuing spans two databases, so it goes through an outbox: what is promised
stands in the register, and is done again after a crash until the exchange has it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agencies import registry
from agencies.models import Agency
from codes import rist1
from codes.rist1 import Code
from exchange import code_issue, conversion, ledger, looks
from keys.sealing import keyed_hash
from numbering import persons
from numbering.models import IssuedCode
from residents.models import Resident


class UnknownAgency(LookupError):
    """No active agency has this local code."""


def portal_code_of(resident: Resident) -> Code:
    """The portal's code for the resident."""
    return _own_code(resident, Agency.objects.portal())


def staff_code_of(resident: Resident) -> Code:
    """The staff directory's code for the resident: under it a clerk signs in, and under no other."""
    return _own_code(resident, Agency.objects.staff_directory())


def issue_code(*, resident: Resident, agency: str, local_id: str, at: datetime) -> None:
    """Lay the agency's code for the resident ready for it, and record that. Again changes nothing.

    `local_id` is the agency's own id of the person. Raises UnknownAgency, NoCodeKey.
    """
    target = _known(agency)
    promised = persons.request_issue(
        resident=resident, agency=agency, epoch=conversion.current_epoch(target), local_id=local_id, at=at
    )
    if promised.issued_at is None:
        _issue(promised, at=at)


def drain_code_issues(*, at: datetime) -> int:
    """Issue what was promised and not yet issued, as after a crash. Returns how many."""
    pending = list(persons.pending_issues())
    for promised in pending:
        _issue(promised, at=at)
    return len(pending)


def _issue(promised: IssuedCode, *, at: datetime) -> None:
    """Record, offer, note as done: a crash in between repeats a step and never skips one."""
    resident, agency = promised.resident, _known(promised.agency)
    if agency.code_public_key is None:
        raise conversion.NoCodeKey
    # Not the promised epoch: that one may have ended since.
    epoch = conversion.current_epoch(agency)
    point = persons.blinded_point(resident=resident, recipient_public_key=bytes(agency.code_public_key))
    looks.record(
        agency=agency,
        subject=ledger.subject_of(portal_code_of(resident)),
        purpose="",
        case_number="",
        clerk="",
        what="code-issue",
        at=at,
    )
    code_issue.offer(
        acquisition=_acquisition(promised),
        agency=agency,
        local_id=promised.local_id,
        code=conversion.issue(blinded=point, agency=agency, epoch=epoch),
        epoch=epoch,
    )
    persons.note_issue(resident=resident, agency=promised.agency, epoch=promised.epoch, at=at)


def _acquisition(promised: IssuedCode) -> UUID:
    """The id under which the exchange knows the issue: always the same for it, and no value of the register's own."""
    return UUID(bytes=keyed_hash("record-reference", "code-issue", promised.id.bytes)[:16], version=4)


def _own_code(resident: Resident, agency: Agency) -> Code:
    epoch = conversion.current_epoch(agency)
    private_key = registry.own_private_key(agency)
    public_key = rist1.public_key(private_key)
    if public_key != bytes(agency.code_public_key or b""):
        # A point encrypted to one key and opened with another would be a code of nobody, and no one would notice.
        raise conversion.NoCodeKey
    point = persons.blinded_point(resident=resident, recipient_public_key=public_key)
    issued = conversion.issue(blinded=point, agency=agency, epoch=epoch)
    return Code(rist1.unblind(issued, private_key), epoch)


def _known(local_code: str) -> Agency:
    agency = Agency.objects.known(local_code)
    if agency is None:
        raise UnknownAgency
    return agency
