"""What a notification says: who the person is, and where. Checked here, before anything is written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Any

from residents import errors, names
from residents.models import UNLIMITED_STAY, NationalityClass, Relation, Sex
from residents.municipalities import municipality

_BIRTH_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_EARLIEST_YEAR = 1868
_POSTAL_CODE = re.compile(r"[0-9]{7}")
_LONGEST_LINE = 100


@dataclass(frozen=True, kw_only=True, repr=False)
class PersonDetails:
    """The person. `birth_date` may lack the day, or month and day: "1990-04-15", "1990-04", "1990"."""

    family_name: str = ""
    given_name: str = ""
    family_kana: str = ""
    given_kana: str = ""
    latin_name: str = ""
    former_name: str = ""
    birth_date: str
    sex: str
    nationality_class: str = NationalityClass.JAPANESE
    stay_until: date | None = None

    def checked(self, *, on: date) -> dict[str, Any]:
        """The values as the register writes them on that day. Raises a RegisterError."""
        written = checked_names(
            family_name=self.family_name,
            given_name=self.given_name,
            family_kana=self.family_kana,
            given_kana=self.given_kana,
            latin_name=self.latin_name,
            former_name=self.former_name,
        )
        if self.sex not in Sex.values:
            raise errors.UnknownValue
        return {
            **written,
            "birth_date": checked_birth_date(self.birth_date, on=on),
            "sex": str(self.sex),
            **checked_stay(self.nationality_class, self.stay_until, on=on),
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Address:
    """A postal address in a municipality: 6-digit code, 7-digit postal code, then the parts as they are written."""

    local_government_code: str
    postal_code: str
    prefecture: str
    municipality: str
    town: str = ""
    street: str = ""
    building: str = ""

    def checked(self) -> dict[str, Any]:
        """The values as the register writes them. Raises UnknownMunicipality, MalformedAddress."""
        known = municipality(self.local_government_code)
        if (self.prefecture, self.municipality) != (known.prefecture, known.municipality):
            raise errors.MalformedAddress
        if not _POSTAL_CODE.fullmatch(self.postal_code):
            raise errors.MalformedAddress
        return {
            **known._asdict(),
            "postal_code": self.postal_code,
            "town": _line(self.town),
            "street": _line(self.street),
            "building": _line(self.building),
        }


def checked_names(
    *, family_name: str, given_name: str, family_kana: str, given_kana: str, latin_name: str, former_name: str
) -> dict[str, str]:
    """The name's parts in official form, and the form for finding. A foreign resident may have a Latin name only."""
    family, given = names.official_or_empty(family_name), names.official_or_empty(given_name)
    latin = names.latin_or_empty(latin_name)
    if not (family or given or latin):
        raise errors.MalformedName
    return {
        "family_name": family,
        "given_name": given,
        "family_kana": names.kana_or_empty(family_kana),
        "given_kana": names.kana_or_empty(given_kana),
        "latin_name": latin,
        "former_name": names.official_or_empty(former_name),
        "name_search": names.searchable(f"{family} {given}") or names.searchable(latin),
    }


def checked_birth_date(text: str, *, on: date) -> str:
    """The (partial) date itself when it exists and is not after `on`. Raises MalformedBirthDate."""
    parts = _BIRTH_DATE.fullmatch(text)
    if parts is None:
        raise errors.MalformedBirthDate
    year, month, day = (int(part or 1) for part in parts.groups())
    try:
        earliest = date(year, month, day)
    except ValueError:
        raise errors.MalformedBirthDate from None
    if year < _EARLIEST_YEAR or earliest > on:
        raise errors.MalformedBirthDate
    return text


def checked_stay(nationality_class: str, stay_until: date | None, *, on: date) -> dict[str, Any]:
    """Class and period of stay: none for nationals and permanent residents, an open one for everyone else."""
    if nationality_class not in NationalityClass.values:
        raise errors.UnknownValue
    unlimited = nationality_class in UNLIMITED_STAY
    if unlimited is not (stay_until is None) or (stay_until is not None and stay_until < on):
        raise errors.StayMissing
    return {"nationality_class": str(nationality_class), "stay_until": stay_until}


def checked_relation(relation: str) -> str:
    """The relation itself when the register knows it. Raises UnknownValue."""
    if relation not in Relation.values:
        raise errors.UnknownValue
    return str(relation)


def _line(text: str) -> str:
    line = unicodedata.normalize("NFC", text).strip()
    if len(line) > _LONGEST_LINE or any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Cn", "Zl"} for sign in line):
        raise errors.MalformedAddress
    return line
