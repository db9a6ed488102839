"""Resident record codes (Basic Resident Registration Act art. 7 no. 13): ten random digits and a check digit."""

from __future__ import annotations

import secrets

from numbering.check_digits import is_resident_record_code, resident_record_code_check_digit
from residents.errors import MalformedRecordCode


def new_record_code() -> str:
    """A random code. Whether it is free, the table's unique constraint decides.

    The check digit's formula is unverified (see `numbering.check_digits.resident_record_code_check_digit`).
    """
    body = f"{secrets.randbelow(10**10):010d}"
    return body + resident_record_code_check_digit(body)


def checked_record_code(text: str) -> str:
    """The code itself when it is well formed. Raises MalformedRecordCode."""
    if not is_resident_record_code(text):
        raise MalformedRecordCode
    return text
