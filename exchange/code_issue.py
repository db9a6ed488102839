"""Codes on their way to an agency (article 21-2): offered once, collected, and forgotten when confirmed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from agencies.models import Agency
from codes.rist1 import Blinded
from databases import EXCHANGE
from exchange.models import CodeIssue
from keys.sealing import open_sealed, seal


class KeyChanged(Exception):
    """The agency has registered another key since the codes were encrypted: they would open as codes of nobody."""


@dataclass(frozen=True, slots=True, repr=False)
class Offered:
    """A code that waits. Only the agency's private key opens it; `local_id` is the agency's own id of the person."""

    acquisition: uuid.UUID
    local_id: str
    epoch: int
    code: Blinded

    def __repr__(self) -> str:
        return "<Offered>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Offer:
    """A code to be put down. `acquisition` names the issue: always the same id for the same issue."""

    acquisition: uuid.UUID
    agency: Agency
    local_id: str
    code: Blinded
    epoch: int

    def __repr__(self) -> str:
        return "<Offer>"


def offer(*, acquisition: uuid.UUID, agency: Agency, local_id: str, code: Blinded, epoch: int) -> None:
    """Put a code down for its agency. The same acquisition again changes nothing."""
    offer_all([Offer(acquisition=acquisition, agency=agency, local_id=local_id, code=code, epoch=epoch)])


def offer_all(offers: Sequence[Offer]) -> None:
    """As `offer`, for many: all or none. Raises KeyChanged."""
    rows = [
        CodeIssue(
            acquisition=each.acquisition,
            agency=each.agency,
            epoch=each.epoch,
            ephemeral=each.code.ephemeral,
            body=each.code.body,
            local_id_sealed=seal("record-seal", each.local_id.encode(), context=_context(each.acquisition)),
        )
        for each in offers
    ]
    with transaction.atomic(using=EXCHANGE):
        for agency in {each.agency for each in offers}:
            # A new key is registered under the same lock, and not while codes wait (exchange.code_keys).
            if bytes(locked(agency).code_public_key or b"") != bytes(agency.code_public_key or b""):
                raise KeyChanged
        CodeIssue.objects.bulk_create(rows, ignore_conflicts=True)


def locked(agency: Agency) -> Agency:
    """The agency's row as it is now, until the transaction's end."""
    return Agency.objects.select_for_update().get(pk=agency.pk)


def is_waiting(agency: Agency) -> bool:
    """Whether a code waits for the agency."""
    return CodeIssue.objects.filter(agency=agency).exists()


def collect(*, agency: Agency, limit: int = 500) -> list[Offered]:
    """The agency's waiting codes, in no order that says anything; again and again until it confirms."""
    return [
        Offered(
            acquisition=row.acquisition,
            local_id=open_sealed("record-seal", bytes(row.local_id_sealed), context=_context(row.acquisition)).decode(),
            epoch=row.epoch,
            code=Blinded(bytes(row.ephemeral), bytes(row.body)),
        )
        for row in CodeIssue.objects.filter(agency=agency).order_by("acquisition")[:limit]
    ]


def confirm(*, agency: Agency, acquisitions: Iterable[uuid.UUID | str]) -> int:
    """Delete what the agency has stored, its own only. Returns how many were still waiting."""
    return CodeIssue.objects.filter(agency=agency, acquisition__in=list(acquisitions)).delete()[0]


def _context(acquisition: uuid.UUID) -> str:
    return f"exchange.CodeIssue.local_id_sealed:{acquisition}"
