"""What an inquirer gets: an answer, or the promise of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exchange.permission import Refused
from exchange.statute import Rule
from holdings.provide import ItemValue

# Result codes beside those of `permission` and of `holdings.provide`.
PENDING = "0101"
BY_HAND = "0109"
LAYOUT_NOT_SUPPORTED = "3004"
DECLINED = "4001"
CANCELLED = "4002"
NOT_REACHED = "5001"
TIME_OUT = "5002"
NOT_PROVIDED = (NOT_REACHED, TIME_OUT)


class NotObtained(Refused):
    """Permitted and asked, but nothing came: the provider was not reached, or not in time. It is on record."""


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What came back, the row that permitted it, and the inquirer's reference of the record.

    While the provider has not decided there is no `answered_at`, and `ends_at` is the last moment for it.
    """

    outcome: str
    items: list[ItemValue]
    record: str
    rule: Rule
    asked_at: datetime
    answered_at: datetime | None
    ends_at: datetime | None = None

    def __repr__(self) -> str:
        return "<Answer>"

    @property
    def is_pending(self) -> bool:
        return self.answered_at is None
