"""Why the register refuses an act. The texts are for the clerk and never carry personal data."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _


class RegisterError(Exception):
    """The register refuses the act; nothing was changed."""

    message = _("The register cannot note this.")

    def __str__(self) -> str:
        return str(self.message)


class NotAResident(RegisterError):
    message = _("This person is not registered as living in a municipality now.")


class NotMovedOut(RegisterError):
    message = _("Moving in needs a moving-out notification from the former municipality first.")


class NotAbroad(RegisterError):
    message = _("This person is not noted as living abroad.")


class AlreadyDeceased(RegisterError):
    message = _("The record of a deceased person can only be corrected.")


class OtherMunicipality(RegisterError):
    message = _("A move to another municipality is a moving out and a moving in.")


class InTheFuture(RegisterError):
    message = _("The date lies in the future.")


class BeforeLastEntry(RegisterError):
    message = _("The date lies before the last change of this record.")


class UnknownMunicipality(RegisterError):
    message = _("There is no municipality with this local government code.")


class MalformedAddress(RegisterError):
    message = _("The address is incomplete or malformed.")


class MalformedName(RegisterError):
    message = _("The name is missing or has characters that a name cannot have.")


class MalformedKana(RegisterError):
    message = _("The reading must be written in katakana.")


class MalformedLatinName(RegisterError):
    message = _("The Latin name may only have the letters A to Z, spaces, hyphens, apostrophes, commas and full stops.")


class MalformedBirthDate(RegisterError):
    message = _("The date of birth must be a year, a year and month, or a full date that exists.")


class UnknownValue(RegisterError):
    message = _("This value does not exist in the register.")


class StayMissing(RegisterError):
    message = _("The residence status needs a period of stay that has not ended, or must have none.")


class MalformedRecordCode(RegisterError):
    message = _("The resident record code is malformed.")


class RecordCodeTaken(RegisterError):
    message = _("This resident record code already belongs to another notification.")


class NothingToChange(RegisterError):
    message = _("The record already says this.")


class TooFewItems(RegisterError):
    message = _("Give at least two items that identify the person.")


class AlreadyProtected(RegisterError):
    message = _("Support measures are already in force.")


class NotProtected(RegisterError):
    message = _("No support measures are in force.")


class LongerThanAYear(RegisterError):
    message = _("Support measures last at most one year at a time.")


class LiftingNotRequested(RegisterError):
    message = _("The lifting must be requested by one clerk first.")


class SameClerk(RegisterError):
    message = _("A second clerk must confirm this.")
