"""The person behind the codes: a secret that outlives every number, and to which agencies a code was issued.

What leaves this room is the person's point, encrypted to the agency (scheme rist1); never the secret, never the number.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from codes import rist1
from databases import REGISTRY
from keys import sealing
from numbering.models import IssuedCode, PersonSecret
from residents.models import Resident

SEAL = "person-seal"
_SECRET_BYTES = 32
_BATCH = 500


class Promise(NamedTuple):
    """A code that an agency is to get: for whom, and under which id of the agency's own it will be delivered."""

    resident_id: UUID
    agency: str
    epoch: int
    local_id: str

    def __repr__(self) -> str:
        return "<Promise>"


def blinded_point(*, resident: Resident, recipient_public_key: bytes) -> rist1.Blinded:
    """The person's point, which only the recipient can open. Makes the person's secret at the first call."""
    return blinded_points(residents=[resident.pk], recipient_public_key=recipient_public_key)[0]


def blinded_points(*, residents: Sequence[UUID], recipient_public_key: bytes) -> list[rist1.Blinded]:
    """As `blinded_point`, for many residents by their ids, in their order."""
    stored = _stored(residents)
    if missing := set(residents) - set(stored):
        make_secrets(residents=missing)
        stored |= _stored(missing)
    return [rist1.blind(rist1.person_point(_opened(stored[each])), recipient_public_key) for each in residents]


def make_secrets(*, residents: Iterable[UUID]) -> None:
    """Secrets for those who have none, in an order that tells nothing about the caller's."""
    wanted = list(dict.fromkeys(residents))
    secrets.SystemRandom().shuffle(wanted)
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        known = set(PersonSecret.objects.filter(resident__in=batch).values_list("resident", flat=True))
        new = [_new_secret(resident) for resident in batch if resident not in known]
        if new:
            with transaction.atomic(using=REGISTRY, durable=True):
                # Two at once: the first one's secret stays.
                PersonSecret.objects.bulk_create(new, ignore_conflicts=True)


def request_issues(*, promises: Iterable[Promise], at: datetime) -> None:
    """As `request_issue`, for many: what is noted already stays as it is."""
    rest = iter(promises)
    while batch := list(islice(rest, _BATCH)):
        rows = [IssuedCode(**promise._asdict(), requested_at=at) for promise in batch]
        with transaction.atomic(using=REGISTRY, durable=True):
            IssuedCode.objects.bulk_create(rows, ignore_conflicts=True)


def note_issues(*, issues: Sequence[IssuedCode], at: datetime) -> None:
    """As `note_issue`, for many rows that are there."""
    waiting = IssuedCode.objects.filter(pk__in=[issue.pk for issue in issues], issued_at=None)
    with transaction.atomic(using=REGISTRY, durable=True):
        waiting.update(issued_at=at, local_id="")


def request_issue(*, resident: Resident, agency: str, epoch: int, at: datetime, local_id: str = "") -> IssuedCode:
    """Note that an agency is to get a code, before it gets one. `local_id` is the agency's own id of the person."""
    with transaction.atomic(using=REGISTRY, durable=True):
        return IssuedCode.objects.get_or_create(
            resident=resident,
            agency=agency,
            epoch=epoch,
            defaults={"requested_at": at, "local_id": local_id},
        )[0]


def note_issue(*, resident: Resident, agency: str, epoch: int, at: datetime) -> IssuedCode:
    """Note that the agency's code lies ready for it. Noting again changes nothing."""
    with transaction.atomic(using=REGISTRY, durable=True):
        issued, _made = IssuedCode.objects.select_for_update().get_or_create(
            resident=resident, agency=agency, epoch=epoch, defaults={"requested_at": at, "issued_at": at}
        )
        if issued.issued_at is None:
            issued.issued_at, issued.local_id = at, ""
            issued.save(update_fields=["issued_at", "local_id"])
        return issued


def agencies_knowing(resident: Resident) -> list[str]:
    """Local codes of the agencies that were given a code for the person: whom "my information" asks."""
    known = IssuedCode.objects.filter(resident=resident, issued_at__isnull=False)
    return sorted(set(known.values_list("agency", flat=True)))


def pending_issues() -> QuerySet[IssuedCode]:
    """Codes that were promised and not yet issued, the oldest first."""
    return IssuedCode.objects.filter(issued_at=None).select_related("resident").order_by("requested_at", "id")


def _stored(residents: Iterable[UUID]) -> dict[UUID, PersonSecret]:
    return {row.resident_id: row for row in PersonSecret.objects.filter(resident__in=set(residents))}


def _new_secret(resident_id: UUID) -> PersonSecret:
    row_id = uuid4()
    sealed = sealing.seal(SEAL, secrets.token_bytes(_SECRET_BYTES), context=_context(row_id))
    return PersonSecret(id=row_id, resident_id=resident_id, sealed=sealed)


def _opened(stored: PersonSecret) -> bytes:
    return sealing.open_sealed(SEAL, bytes(stored.sealed), context=_context(stored.id))


def _context(row_id: object) -> str:
    return f"numbering.PersonSecret.sealed:{row_id}"
