"""A new resident enters the small country's machinery: a number, and a code at each agency concerned."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from crossings.codes import issue_code
from numbering import assignment
from residents.models import Resident


def enrol(*, resident: Resident, agencies: Iterable[str], at: datetime) -> None:
    """Give the resident an Individual Number and codes at these agencies (local codes). Again changes nothing.

    A municipality knows its people by the in-house id of its register; another agency gets a fresh random one.
    """
    assignment.assign(resident=resident, at=at)
    for agency in agencies:
        issue_code(resident=resident, agency=agency, local_id=_local_id(resident, agency), at=at)


def _local_id(resident: Resident, agency: str) -> str:
    return resident.local_id_at(agency) or f"{secrets.randbelow(10**15):015d}"
