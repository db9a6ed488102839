"""Residents by the handful, without the register's acts: numbering looks at nothing but the record code."""

from __future__ import annotations

from residents.models import Resident
from residents.record_codes import new_record_code


def residents(count: int) -> list[Resident]:
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(new_record_code())
    return Resident.objects.bulk_create([Resident(resident_record_code=code) for code in codes])


def resident() -> Resident:
    return residents(1)[0]
