"""What is put to a provider, and how it may reply: a provision at once, or later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agencies.models import Agency
from codes.rist1 import Blinded, Code
from exchange.statute import Rule
from holdings.periods import Period


class NotReached(Exception):
    """The provider was not asked, or nothing that may be believed came back. `outcome` is the result code."""

    outcome = "5001"


class TooLate(NotReached):
    """The provider did not answer in time."""

    outcome = "5002"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Question:
    """One permitted inquiry, as the provider may know it. `reference` is the provider's own id of the record.

    The person is named by `codes`, hers at the provider in every epoch under which its rows may lie, the present one
    first; or, asked blind, by `hidden`: the same codes by epoch, encrypted to the provider. Never by both.
    """

    provider: Agency
    inquirer: Agency
    rule: Rule
    data_set: str
    items: Sequence[str]
    condition: Period | None
    reference: str
    ends_at: datetime
    codes: Sequence[Code] = ()
    hidden: Sequence[tuple[int, Blinded]] = ()
    # When it was asked first, where a process that has died may have put it to the provider already.
    asked_before: datetime | None = None
    on_behalf_of: Agency | None = None  # whose affair it is, where it was delegated to the inquirer
    is_withheld: bool = False  # article 23(2): the provider's own record says so too

    def __repr__(self) -> str:
        return "<Question>"


@dataclass(frozen=True, slots=True)
class Held:
    """The provider has the question and answers later: a clerk of its decides, or its system takes its time."""

    until: datetime
