"""The holder's attributes in a signature certificate: six otherNames, each a UTF8String, in the order of real cards."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cards.pki import der, oids

_ERA_STARTS = (("5", "20190501"), ("4", "19890108"), ("3", "19261225"), ("2", "19120730"), ("1", "18680125"))
_UTF8_STRING = 0x0C
_PARTIAL_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass(frozen=True, repr=False)
class Attributes:
    """What the register says of the holder. `birth_date` ISO, may be partial. `sex` as in JIS X 0303 (1, 2, 9).

    The substitute flags have one digit per character of the name or address: 1 where the card shows another glyph
    than the register.
    """

    name: str
    birth_date: str
    sex: str
    address: str
    name_substitutes: str = ""
    address_substitutes: str = ""

    def alternative_name(self) -> bytes:
        """The extension's value in DER: GeneralNames."""
        values = (
            (oids.NAME, self.name),
            (oids.BIRTH_DATE, era_date(self.birth_date)),
            (oids.SEX, self.sex),
            (oids.ADDRESS, self.address),
            (oids.NAME_SUBSTITUTES, self.name_substitutes or "0" * len(self.name)),
            (oids.ADDRESS_SUBSTITUTES, self.address_substitutes or "0" * len(self.address)),
        )
        return der.sequence(*(_other_name(identifier.dotted_string, text) for identifier, text in values))


def era_date(birth_date: str) -> str:
    """EYYYYMMDD: the era's digit and the Gregorian date, with zeros for what is not known. Raises ValueError.

    The era of a date that is not fully known is 0.
    """
    if not _PARTIAL_DATE.fullmatch(birth_date):
        raise ValueError("A birth date is YYYY-MM-DD, YYYY-MM or YYYY.")
    digits = birth_date.replace("-", "")
    era = next((e for e, start in _ERA_STARTS if digits >= start), "0") if len(digits) == 8 else "0"
    return era + digits.ljust(8, "0")


def _other_name(identifier: str, text: str) -> bytes:
    return der.explicit(0, der.oid(identifier) + der.explicit(0, der.tlv(_UTF8_STRING, text.encode())))
