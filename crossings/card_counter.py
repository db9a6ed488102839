"""Cards at the counter: the holder's codes are sealed into them, from the register by way of the exchange.

What is done to a card already made is the business of `cards`; here stands what needs more than the register: codes for
a new card, the notice that it can be collected, and the end of the sessions that a stopped card had opened.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from cards import application, issuance, lifecycle, production
from cards.application_models import Application, ApplicationForm
from cards.chip.personalisation import BadPin
from cards.models import Card
from codes.rist1 import Code
from crossings import own_card
from crossings.codes import portal_code_of
from keys.sealing import keyed_hash
from notifications import delivery as mailbox
from residents.errors import OtherMunicipality
from residents.models import Resident

__all__ = ["BadPin", "OnItsWay", "arrived", "hand_over", "report_lost", "suspend", "take_application"]

_SERIES = "card"


class OnItsWay(Exception):
    """A card for this person is on its way already."""


def hand_over(*, clerk: User, resident: Resident, pin: str, signature_password: str, at: datetime) -> Card:
    """Issue a card to a resident of the clerk's municipality. The chip makes its keys when it is first read.

    A clerk's new card opens the desk as the old one did. Raises OtherMunicipality, OnItsWay, BadPin, NotEntitled.
    """
    _require_own(clerk, resident)
    if Card.objects.of(resident).pending().exists():
        raise OnItsWay
    try:
        return issuance.issue(
            resident=resident,
            pin=pin,
            signature_password=signature_password,
            portal_code=portal_code_of(resident),
            staff_code=_staff_code_of_before(resident),
            by=clerk.pseudonym("registry"),
            at=at,
        )
    except IntegrityError:
        raise OnItsWay from None


def take_application(
    *,
    clerk: User,
    resident: Resident,
    application_id: str,
    channel: str,
    photo: bytes | None,
    express: str = "",
    without_pins: bool = False,
    at: datetime,
) -> Card:
    """Enter an application that came in for this resident; the form has to be the resident's own.

    Raises OtherMunicipality, ApplicationRefused, PhotoRefused, NotEntitled.
    """
    _require_own(clerk, resident)
    form = ApplicationForm.objects.filter(application_id=application_id, entry__resident=resident)
    if not form.exists():
        raise application.UnknownForm
    return application.apply(
        application_id=application_id,
        channel=channel,
        photo=photo,
        portal_code=portal_code_of(resident),
        staff_code=_staff_code_of_before(resident),
        express=express,
        without_pins=without_pins,
        # What came by post or over the network nobody at this counter has seen: any clerk may examine it.
        by=clerk.pseudonym("registry") if channel == Application.Channel.COUNTER else "",
        at=at,
    )


def arrived(*, clerk: User, card: Card, at: datetime) -> Card:
    """The card lies at the counter; its future holder is told by letter. Safe to repeat. Raises NotPossible."""
    if card.state != Card.State.READY:
        production.arrive(card=card, by=clerk.pseudonym("registry"), at=at)
    with translation.override("ja"):  # an official letter is in Japanese, whatever the clerk reads
        mailbox.deliver(
            portal_code=card.portal_code(),
            sender=clerk.agency,
            reference=keyed_hash("mailbox-reference", _SERIES, card.pk.bytes).hex()[:32],
            series=_SERIES,
            subject=_("Your Individual Number Card is ready"),
            body=_(
                "Your card can be collected at the card counter. Please bring this notice, your old card if you have "
                "one, and a document that shows who you are. You set your PINs yourself at the counter. For a child "
                "under 15 the parent or guardian comes along."
            ),
            at=at,
        )
    return card


def suspend(*, card: Card, by: str, at: datetime) -> Card:
    """The stop, as told at the counter; whoever is signed in with the card is out. Raises NotPossible."""
    return _stopped(lifecycle.suspend(card=card, at=at, by=by))


def report_lost(*, card: Card, by: str, at: datetime) -> Card:
    """As `suspend`, for a card that is lost or stolen. Raises NotPossible."""
    return _stopped(lifecycle.report_lost(card=card, at=at, by=by))


def _stopped(card: Card) -> Card:
    own_card.end_sessions(card)
    return card


def _require_own(clerk: User, resident: Resident) -> None:
    if not clerk.is_staff or resident.current.local_government_code != clerk.agency:
        raise OtherMunicipality


def _staff_code_of_before(resident: Resident) -> Code | None:
    """A clerk's new card opens the desk as the old one did."""
    former = Card.objects.of(resident).exclude(staff_code_sealed=None).order_by("-issued_on").first()
    return former.staff_code() if former else None
