"""Which agency may ask for another's affair: delegations on record, read from delegations.csv; closed by default.

The permission is the delegator's, and so are affair and ground; the codes, the answer and the signature are the
delegate's. Both stand in the record.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from agencies.models import Agency

_FILE = Path(__file__).parent / "delegations.csv"


@dataclass(frozen=True, slots=True)
class Delegation:
    """One row: from `valid_from` to `valid_to` (the last day; None: no end) the delegate acts for the delegator."""

    delegator: str
    delegate: str
    affair: str
    valid_from: date
    valid_to: date | None

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def is_on_record(*, delegator: Agency, delegate: Agency, affair: str, on: date) -> bool:
    """Whether the delegate may ask for this affair of the delegator's on that day."""
    wanted = (delegator.local_code, delegate.local_code, affair)
    return any(
        (each.delegator, each.delegate, each.affair) == wanted and each.is_in_force(on) for each in delegations()
    )


@lru_cache(maxsize=1)
def delegations() -> list[Delegation]:
    """Every row of delegations.csv."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return [
            Delegation(
                line["delegator"],
                line["delegate"],
                line["affair"],
                date.fromisoformat(line["valid_from"]),
                date.fromisoformat(line["valid_to"]) if line["valid_to"] else None,
            )
            for line in csv.DictReader(file)
        ]
