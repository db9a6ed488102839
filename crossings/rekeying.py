"""An agency's codes in all four databases enter a new epoch: rows of holdings and portal, codes that wait, and cards.

An outside agency has codes of its own, so its former epoch stands until it has changed them too; then it is closed. The
portal's and the staff directory's codes lie here alone: their former epoch is closed in the same run, and because their
rooms look for a person under one code only, their doors are shut meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agencies.models import Agency
from cards import codes as cards
from exchange import epochs, scalars, trust
from exchange.epochs import NothingToClose, Progress

__all__ = ["NothingToClose", "Rekeyed", "close", "is_own", "rekey"]


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The present epoch, how many rows this run wrote, and the former epochs that still stand."""

    epoch: int
    written: int
    standing: list[int]


def is_own(agency: Agency) -> bool:
    """Whether all codes of the agency lie in our databases."""
    return Agency.Kind(agency.kind) in epochs.OWN_COLUMN


def rekey(
    *, agency: Agency, batch: int = 500, progress: Progress | None = None, settle: float = scalars.SETTLE, at: datetime
) -> Rekeyed:
    """Begin a new epoch, or go on with one that a stopped run has begun, and bring every row to it."""
    present = trust.begin_epoch(agency, settle=settle, at=at)
    written = epochs.bring(agency, batch=batch, progress=progress) + _bring_cards(agency, batch)
    if is_own(agency):
        close(agency=agency, batch=batch, settle=settle, at=at)
    return Rekeyed(present, written, epochs.former(agency))


def close(
    *, agency: Agency, batch: int = 500, progress: Progress | None = None, settle: float = scalars.SETTLE, at: datetime
) -> list[int]:
    """Destroy the former epochs, after the last rows were brought; returns them. Raises NothingToClose."""
    return trust.close_epochs(
        agency,
        batch=batch,
        progress=progress,
        settle=settle,
        before_the_end=lambda: _bring_cards(agency, batch),
        at=at,
    )


def _bring_cards(agency: Agency, batch: int) -> int:
    column = epochs.OWN_COLUMN.get(Agency.Kind(agency.kind))
    if column is None:
        return 0
    return sum(
        cards.bring(column=column, epoch=epoch, change=epochs.changer(agency, epoch), batch=batch)
        for epoch in epochs.former(agency)
    )
