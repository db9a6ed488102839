"""What is done at the counter to a card in use, with the card on the clerk's reader.

Unlocking and new PINs (Enforcement Regulations on JPKI, articles 42 and 63), the surface after a move or a change of
name (Number Act, article 17), a new signature certificate, a card without PINs and back, and giving the card back.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from cards import issuance, lifecycle, validity
from cards.chip import personalisation
from cards.chip.applications import SIGNATURE
from cards.lifecycle import NotPossible
from cards.models import Card, CardEvent, Certificate
from databases import REGISTRY

__all__ = ["NotPossible", "give_back", "renew_signature", "set_pins", "take_pins_off", "update_surface"]

_What = CardEvent.What


def set_pins(*, card: Card, pin: str = "", signature_password: str = "", by: str, at: dt.datetime) -> Card:
    """New PINs by the holder's hand, with all their tries; empty ones stay as they are.

    A card without PINs becomes an ordinary one with it, and needs both. Raises NotPossible, BadPin.
    """
    with transaction.atomic(using=REGISTRY, durable=True):
        card = _in_use(card, at=at)
        if not pin and (card.without_pins or not signature_password):
            raise NotPossible
        store = issuance.chip_file(card)
        may_sign = _is_old_enough(card, at=at)
        if signature_password and not may_sign:
            raise NotPossible
        personalisation.set_pins(store, pin=pin or None, signature_password=signature_password or None)
        if card.without_pins:
            card.without_pins = False
            card.save(update_fields=["without_pins"])
        _note(card, _What.PINS_SET, by=by, at=at)
    if may_sign and signature_password and not _valid(card, Certificate.Purpose.SIGNATURE):
        return renew_signature(card=card, by=by, at=at)
    return card


def take_pins_off(*, card: Card, by: str, at: dt.datetime) -> Card:
    """Make it a card without PINs: the signature certificate ends, the other goes on for terminals only.

    Raises NotPossible.
    """
    with transaction.atomic(using=REGISTRY, durable=True):
        card = _in_use(card, at=at)
        if card.without_pins:
            raise NotPossible
        lifecycle.end_signature(card=card, reason=Certificate.Reason.CESSATION_OF_OPERATION, at=at)
        card.without_pins = True
        card.save(update_fields=["without_pins"])
        personalisation.remove_pins(issuance.chip_file(card), names=(*personalisation.FOUR_DIGIT_PINS, SIGNATURE))
        _note(card, _What.PINS_REMOVED, by=by, at=at)
    issuance.complete_chip(card=card, store=issuance.chip_file(card))
    return card


def update_surface(*, card: Card, by: str, at: dt.datetime) -> Card:
    """Write the name and address of the record on the card, and a foreign resident's new last day.

    Raises NotPossible.
    """
    with transaction.atomic(using=REGISTRY, durable=True):
        card = _in_use(card, at=at)
        entry = card.resident.current
        card.expires_on = validity.card_expires_on(
            born=validity.born_on(entry.birth_date), issued_on=card.issued_on, stay_until=entry.stay_until
        )
        card.save(update_fields=["expires_on"])
        personalisation.rewrite_surface(issuance.chip_file(card), surface=issuance.surface_of(entry, card))
        _note(card, _What.SURFACE_UPDATED, by=by, at=at)
    return card


def renew_signature(*, card: Card, by: str, at: dt.datetime) -> Card:
    """A new signature certificate for what the record says now; the other one is not touched. Raises NotPossible."""
    if card.without_pins or not _is_old_enough(card, at=at):
        raise NotPossible
    return issuance.renew_certificates(card=card, at=at, by=by, purposes=(Certificate.Purpose.SIGNATURE,))


def give_back(*, card: Card, by: str, at: dt.datetime) -> Card:
    """The holder does not want the card any more, or has to give it back (Number Act, article 17(8)).

    Raises NotPossible.
    """
    return lifecycle.revoke(card=card, at=at, by=by, state=Card.State.RETURNED)


def _in_use(card: Card, *, at: dt.datetime) -> Card:
    found = Card.objects.select_for_update().get(pk=card.pk)
    if not found.is_usable(at=at):
        raise NotPossible
    return found


def _is_old_enough(card: Card, *, at: dt.datetime) -> bool:
    born = validity.born_on(card.resident.current.birth_date)
    return validity.age_on(born, validity.day_in_japan(at)) >= validity.SIGNATURE_AGE


def _valid(card: Card, purpose: str) -> bool:
    return card.certificates.filter(purpose=purpose, state=Certificate.State.VALID).exists()


def _note(card: Card, what: str, *, by: str, at: dt.datetime) -> None:
    CardEvent.objects.create(card=card, state=card.state, what=what, at=at.replace(microsecond=0), by=by)
