"""An agency brings the codes in its own files from a former epoch to the present one, while both stand.

What leaves is a code, as when it was first issued: each one is on its person's record under the same ground (article
21-2). Our own rows are brought by exchange.epochs, where nothing leaves.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agencies.models import Agency
from codes.rist1 import Code, MalformedCode
from exchange import epochs, ledger, looks, scalars
from exchange.looks import Look

WHAT = "code-issue: renewal"


@dataclass(frozen=True, slots=True, repr=False)
class Renewed:
    """The present epoch, and the codes of that epoch in the order of those that were handed in."""

    epoch: int
    codes: list[Code]

    def __repr__(self) -> str:
        return "<Renewed>"


class NotRenewable(MalformedCode):
    """One of the codes is of no epoch that stands. `position` says which, from 0."""

    def __init__(self, position: int) -> None:
        super().__init__("Not a code of today: it belongs to another epoch.")
        self.position = position


def renew(*, agency: Agency, codes: Sequence[Code], at: datetime) -> Renewed:
    """The agency's present codes for the persons of its former ones. A present code is given back as it is.

    On record before it returns, all or none; asked again it gives the same and is recorded again. Raises NotRenewable,
    Refused.
    """
    present = scalars.current(agency).epoch
    change = {}
    for position, code in enumerate(codes):
        if code.epoch not in change:
            try:
                scalars.of(agency, code.epoch)
                change[code.epoch] = epochs.changer(agency, code.epoch)
            except MalformedCode:
                raise NotRenewable(position) from None
    former = [code for code in codes if code.epoch != present]
    # The log's order must not be that of the agency's list: both stolen would join.
    secrets.SystemRandom().shuffle(former)
    if former:
        subjects = [ledger.subject_of(code, known_to=agency) for code in former]
        looks.record_all([Look(agency=agency, subject=subject, what=WHAT) for subject in subjects], at=at)
    return Renewed(present, [code if code.epoch == present else change[code.epoch](code) for code in codes])
