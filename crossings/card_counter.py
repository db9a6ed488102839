"""A card is issued at the counter: the holder's codes are sealed into it, from the register by way of the exchange."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError

from accounts.models import User
from cards import issuance
from cards.chip.personalisation import BadPin
from cards.models import Card
from crossings.codes import portal_code_of
from residents.errors import OtherMunicipality
from residents.models import Resident

__all__ = ["BadPin", "OnItsWay", "hand_over"]


class OnItsWay(Exception):
    """A card for this person is on its way already."""


def hand_over(*, clerk: User, resident: Resident, pin: str, signature_password: str, at: datetime) -> Card:
    """Issue a card to a resident of the clerk's municipality. The chip makes its keys when it is first read.

    A clerk's new card opens the desk as the old one did. Raises OtherMunicipality, OnItsWay, BadPin, NotEntitled.
    """
    if not clerk.is_staff or resident.current.local_government_code != clerk.agency:
        raise OtherMunicipality
    former = Card.objects.of(resident).exclude(staff_code_sealed=None).order_by("-issued_on").first()
    if Card.objects.of(resident).pending().exists():
        raise OnItsWay
    try:
        return issuance.issue(
            resident=resident,
            pin=pin,
            signature_password=signature_password,
            portal_code=portal_code_of(resident),
            staff_code=former.staff_code() if former else None,
            by=clerk.pseudonym("registry"),
            at=at,
        )
    except IntegrityError:
        raise OnItsWay from None
