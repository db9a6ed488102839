"""Check digits: which digit follows, and whether a number is well formed. Pure arithmetic, for every room.

Numbers are text: leading zeros belong to them. A right check digit does not mean that a number was ever issued.
"""

from __future__ import annotations

import re
import unicodedata
from operator import mul

_SEPARATORS = re.compile(r"[\s\-‐‑‒–—−]+")
_INDIVIDUAL_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_RECORD_CODE_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_LOCAL_GOVERNMENT_WEIGHTS = (6, 5, 4, 3, 2)
_NEVER_ISSUED = "0" * 12


def normalise(text: str) -> str:
    """The number as it is stored: full-width digits made narrow (NFKC), spaces and hyphens between groups removed."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))


def display(number: str) -> str:
    """In groups of four, as printed on a card: `1234 5678 9018`."""
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def individual_number_check_digit(body: str) -> str:
    """The 12th digit of an Individual Number for its first 11 (Ordinance 85 of 2014 of the Ministry, art. 5)."""
    return _modulo_11(_digits(body, 11), _INDIVIDUAL_WEIGHTS)


def is_individual_number(text: str) -> bool:
    """Whether the text is 12 digits with the right check digit. Twelve zeros pass the arithmetic but are refused."""
    if not _is_digits(text, 12) or text == _NEVER_ISSUED:
        return False
    return individual_number_check_digit(text[:11]) == text[11]


def corporate_number_check_digit(base: str) -> str:
    """The first digit of a Corporate Number for the 12 behind it: `9 - (sum mod 9)`, so 1 to 9.

    (Ordinance 70 of 2014 of the Ministry of Finance, art. 2.) Weights from the right: 1, 2, 1, 2, …
    """
    total = sum(digit * (1 + place % 2) for place, digit in enumerate(reversed(_digits(base, 12))))
    return str(9 - total % 9)


def is_corporate_number(text: str) -> bool:
    """Whether the text is 13 digits with the right check digit in front."""
    return _is_digits(text, 13) and corporate_number_check_digit(text[1:]) == text[0]


def resident_record_code_check_digit(body: str) -> str:
    """The 11th digit of a resident record code for its first 10.

    UNVERIFIED: the notice that states the formula was not found. This is the family of the Individual Number's (modulo
    11, weights 2 to 7 from the right), and agrees with three of the four specimen codes known to us.
    """
    return _modulo_11(_digits(body, 10), _RECORD_CODE_WEIGHTS)


def is_resident_record_code(text: str) -> bool:
    """Whether the text is 11 digits with the check digit of the unverified formula above."""
    return _is_digits(text, 11) and resident_record_code_check_digit(text[:10]) == text[10]


def local_government_code_check_digit(body: str) -> str:
    """The 6th digit of a local government code for its first 5 (prefecture 2, body 3)."""
    total = sum(map(mul, _digits(body, 5), _LOCAL_GOVERNMENT_WEIGHTS))
    return str((11 - total % 11) % 10)


def is_local_government_code(text: str) -> bool:
    """Whether the text is 6 digits with the right check digit. Not whether such a municipality exists."""
    return _is_digits(text, 6) and local_government_code_check_digit(text[:5]) == text[5]


def _modulo_11(digits: list[int], weights: tuple[int, ...]) -> str:
    remainder = sum(map(mul, digits, weights)) % 11
    return "0" if remainder <= 1 else str(11 - remainder)


def _digits(text: str, length: int) -> list[int]:
    if not _is_digits(text, length):
        # The text may be a number in disguise, so the error does not repeat it.
        raise ValueError(f"Expected {length} digits.")
    return list(map(int, text))


def _is_digits(text: str, length: int) -> bool:
    return isinstance(text, str) and len(text) == length and text.isascii() and text.isdigit()
