"""A resident of the register becomes a code of an agency; the portal and the staff directory open theirs here.

The register hands out the person's point encrypted to the agency, the exchange applies the agency's scalar unseen, the
agency opens the result (codes.rist1). Issuing spans two databases, so it goes through an outbox: what is promised
stands in the register, and is done again after a crash until the exchange has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agencies import registry
from agencies.models import Agency
from codes import rist1
from codes.rist1 import Code
from exchange import code_issue, conversion, ledger, looks
from exchange.code_issue import Offer
from exchange.looks import Look
from keys.sealing import keyed_hash
from numbering import persons
from numbering.models import IssuedCode
from residents.models import Resident

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
_BATCH = 200


class Issued(NamedTuple):
    """How many codes were issued, and how many still wait for their agency."""

    done: int
    left: int


class UnknownAgency(LookupError):
    """No active agency has this local code."""


def portal_code_of(resident: Resident) -> Code:
    """The portal's code for the resident."""
    return _own_codes([resident.pk], Agency.objects.portal())[0]


def staff_code_of(resident: Resident) -> Code:
    """The staff directory's code for the resident: under it a clerk signs in, and under no other."""
    return _own_codes([resident.pk], Agency.objects.staff_directory())[0]


def issue_code(*, resident: Resident, agency: str, local_id: str, at: datetime) -> None:
    """Lay the agency's code for the resident ready for it, and record that. Again changes nothing.

    `local_id` is the agency's own id of the person. Raises UnknownAgency, NoCodeKey.
    """
    target = _known(agency)
    promised = persons.request_issue(
        resident=resident, agency=agency, epoch=conversion.current_epoch(target), local_id=local_id, at=at
    )
    if promised.issued_at is None:
        _issue([promised], agency=target, at=at)


def issue_codes(*, promised: Iterable[IssuedCode], at: datetime, progress: Progress | None = None) -> Issued:
    """As `issue_code`, for many that the register has promised already, in batches of one agency each.

    What fails at one agency holds up no other; it stays promised. Safe to kill anywhere and to repeat: a crash in
    between repeats a batch's step and never skips one.
    """
    waiting = [issue for issue in promised if issue.issued_at is None]
    persons.make_secrets(residents=[issue.resident_id for issue in waiting])
    done = seen = 0
    for local_code, issues in _by_agency(waiting).items():
        for start in range(0, len(issues), _BATCH):
            batch = issues[start : start + _BATCH]
            seen += len(batch)
            try:
                done += _issue(batch, agency=_known(local_code), at=at)
            except Exception as error:  # whatever broke at one agency, the others' codes are still to be issued
                logger.warning("Codes for agency %s could not be issued and wait (%s).", local_code, _name(error))
                seen += len(issues) - start - len(batch)
                break
            finally:
                if progress is not None:
                    progress(seen, len(waiting))
    return Issued(done, len(waiting) - done)


def drain_code_issues(*, at: datetime) -> Issued:
    """Issue what was promised and not yet issued, as after a crash. What an agency is not ready for goes on waiting."""
    ready = Agency.objects.active().exclude(code_public_key=None).values_list("local_code", flat=True)
    pending = persons.pending_issues()
    issued = issue_codes(promised=pending.filter(agency__in=list(ready)), at=at)
    return issued._replace(left=pending.count())


def _issue(promised: Sequence[IssuedCode], *, agency: Agency, at: datetime) -> int:
    """Record, offer, note as done, for one agency. Another worker may have been here: what is issued is left out."""
    still = set(persons.pending_issues().filter(pk__in=[issue.pk for issue in promised]).values_list("pk", flat=True))
    promised = [issue for issue in promised if issue.pk in still]
    if agency.code_public_key is None:
        raise conversion.NoCodeKey
    # Not the promised epoch: that one may have ended since.
    epoch = conversion.current_epoch(agency)
    residents = [issue.resident_id for issue in promised]
    points = persons.blinded_points(residents=residents, recipient_public_key=bytes(agency.code_public_key))
    offers = [
        Offer(
            acquisition=_acquisition(issue),
            agency=agency,
            local_id=issue.local_id,
            code=conversion.issue(blinded=point, agency=agency, epoch=epoch),
            epoch=epoch,
        )
        for issue, point in zip(promised, points, strict=True)
    ]
    subjects = [ledger.subject_of(code) for code in _own_codes(residents, Agency.objects.portal())]
    looks.record_all([Look(agency=agency, subject=subject, what="code-issue") for subject in subjects], at=at)
    code_issue.offer_all(offers)
    persons.note_issues(issues=promised, at=at)
    return len(promised)


def _by_agency(promised: Iterable[IssuedCode]) -> dict[str, list[IssuedCode]]:
    found: dict[str, list[IssuedCode]] = {}
    for issue in promised:
        found.setdefault(issue.agency, []).append(issue)
    return found


def _acquisition(promised: IssuedCode) -> UUID:
    """The id under which the exchange knows the issue: always the same for it, and no value of the register's own."""
    return UUID(bytes=keyed_hash("record-reference", "code-issue", promised.id.bytes)[:16], version=4)


def _own_codes(residents: Sequence[UUID], agency: Agency) -> list[Code]:
    """The codes of an agency whose private key is ours, in the order of the residents."""
    epoch = conversion.current_epoch(agency)
    private_key = registry.own_private_key(agency)
    public_key = rist1.public_key(private_key)
    if public_key != bytes(agency.code_public_key or b""):
        # A point encrypted to one key and opened with another would be a code of nobody, and no one would notice.
        raise conversion.NoCodeKey
    points = persons.blinded_points(residents=residents, recipient_public_key=public_key)
    issued = [conversion.issue(blinded=point, agency=agency, epoch=epoch) for point in points]
    return [Code(rist1.unblind(each, private_key), epoch) for each in issued]


def _known(local_code: str) -> Agency:
    agency = Agency.objects.known(local_code)
    if agency is None:
        raise UnknownAgency
    return agency


def _name(error: Exception) -> str:
    """Its class alone: the text could repeat what it failed on."""
    return type(error).__name__
