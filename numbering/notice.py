"""Who sees a number: masked by default; whole only for a reason that is written down first; by letter to its holder.

The notice of the Individual Number (Number Act art. 7(1)) is the only paper that prints it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from databases import REGISTRY
from letters import letter
from numbering import vault
from numbering.check_digits import display
from numbering.models import IssuedNumber, NumberState, Unmasking
from residents.days import TOKYO
from residents.models import Resident

_LONGEST_REASON = 200


class ReasonMissing(ValueError):
    """Nobody sees a whole number without a reason of 1 to 200 characters."""

    def __str__(self) -> str:
        return str(_("Give a reason of at most 200 characters."))


def masked(resident: Resident) -> str:
    """All that is shown by default: `•••• •••• 9018`, or an empty text where there is no number."""
    issued = _current(resident)
    return f"•••• •••• {vault.open_number(issued)[-4:]}" if issued else ""


def unmask(*, resident: Resident, by: str, reason: str, at: datetime) -> str:
    """The whole number, after the reason is on record. Raises ReasonMissing, IssuedNumber.DoesNotExist."""
    reason = reason.strip()
    if not 0 < len(reason) <= _LONGEST_REASON:
        raise ReasonMissing
    with transaction.atomic(using=REGISTRY, durable=True):
        issued = IssuedNumber.objects.get(resident=resident, state=NumberState.CURRENT)
        Unmasking.objects.create(issued_number=issued, by=by, reason=reason, at=at)
    return vault.open_number(issued)


def number_notice(*, resident: Resident, by: str, reason: str, at: datetime) -> bytes:
    """The letter as PDF. That it was made is on record like every look at a number. Raises as `unmask` does."""
    number = unmask(resident=resident, by=by, reason=reason, at=at)
    entry = resident.current
    name = entry.full_name
    return letter(
        title=_("Notice of your Individual Number"),
        recipient=_("Dear %(name)s") % {"name": name},
        sender=_("Mayor of %(municipality)s") % {"municipality": entry.municipality},
        date=date_format(timezone.localtime(at, TOKYO).date(), "DATE_FORMAT"),
        paragraphs=[
            _("You have been given an Individual Number. It is yours for life, also after a move or a change of name."),
            _("Show it only to offices, employers and others who need it for social security, tax or disaster relief."),
        ],
        table=[
            (_("Individual Number"), display(number)),
            (_("Name"), name),
            (_("Date of birth"), entry.birth_date),
            (_("Address"), entry.full_address),
        ],
        footer=_("This letter is not a document that proves your number. Keep it in a safe place."),
    )


def _current(resident: Resident) -> IssuedNumber | None:
    return IssuedNumber.objects.filter(resident=resident, state=NumberState.CURRENT).first()
