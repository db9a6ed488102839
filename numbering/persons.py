"""The person behind the codes: a secret that outlives every number, and to which agencies a code was issued.

What leaves this room is the person's point, encrypted to the agency (scheme rist1); never the secret, never the number.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from codes import rist1
from databases import REGISTRY
from keys import sealing
from numbering.models import IssuedCode, PersonSecret
from residents.models import Resident

SEAL = "person-seal"
_SECRET_BYTES = 32


def blinded_point(*, resident: Resident, recipient_public_key: bytes) -> rist1.Blinded:
    """The person's point, which only the recipient can open. Makes the person's secret at the first call."""
    return rist1.blind(rist1.person_point(_secret(resident)), recipient_public_key)


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


def _secret(resident: Resident) -> bytes:
    stored = PersonSecret.objects.filter(resident=resident).first()
    if stored is None:
        row_id = uuid4()
        sealed = sealing.seal(SEAL, secrets.token_bytes(_SECRET_BYTES), context=_context(row_id))
        with transaction.atomic(using=REGISTRY, durable=True):
            # Two at once: the second finds the first one's secret and throws its own away.
            stored, _made = PersonSecret.objects.get_or_create(
                resident=resident, defaults={"id": row_id, "sealed": sealed}
            )
    return sealing.open_sealed(SEAL, bytes(stored.sealed), context=_context(stored.id))


def _context(row_id: object) -> str:
    return f"numbering.PersonSecret.sealed:{row_id}"
