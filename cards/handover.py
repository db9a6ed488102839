"""At the counter: who comes is checked, the holder sets the PINs, the chip makes its keys, and the old card ends.

Number Act, article 16-2(3) and (4). For a child under 15 and for an adult ward the statutory representative comes. A
proxy comes only for a holder who cannot; a second clerk confirms that before the card is given out.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards import validity
from cards.application_models import HandOver
from cards.chip import personalisation
from cards.issuance import activate, chip_file, complete_chip, surface_of
from cards.lifecycle import NotPossible
from cards.models import Card
from databases import REGISTRY
from residents.models import Status

Collector = HandOver.Collector
CHILD_AGE = 15


class HandOverRefused(Exception):
    """The card cannot be given out like this; it stays at the counter."""

    message: Promise | str = _("The card cannot be given out.")

    def __str__(self) -> str:
        return str(self.message)


class RepresentativeNeeded(HandOverRefused):
    message = _("For a child under 15 or an adult ward, the statutory representative has to come.")


class NoRepresentative(HandOverRefused):
    message = _("The holder is of age and no ward: there is no statutory representative.")


class NoHindrance(HandOverRefused):
    message = _("A proxy may come only where the holder cannot. The reason has to be given and proved.")


class ProofMissing(HandOverRefused):
    message = _("Holder and collector both have to be proved.")


class NotChecked(HandOverRefused):
    message = _("Nobody has checked yet who came for the card.")


class SecondClerkNeeded(HandOverRefused):
    message = _("A second clerk has to confirm that a proxy may collect the card.")


def check_identity(
    *,
    card: Card,
    collector: str,
    proof: str,
    collector_proof: str = "",
    hindrance: str = "",
    is_ward: bool = False,
    by: str,
    at: dt.datetime,
) -> HandOver:
    """Note who came and what showed it. Checking again begins anew. Raises HandOverRefused, NotPossible."""
    collector = Collector(collector)
    born = validity.born_on(card.resident.current.birth_date)
    needs = is_ward or validity.age_on(born, validity.day_in_japan(at)) < CHILD_AGE
    if needs and collector != Collector.REPRESENTATIVE:
        raise RepresentativeNeeded
    if not needs and collector == Collector.REPRESENTATIVE:
        raise NoRepresentative
    if collector == Collector.PROXY and not hindrance:
        raise NoHindrance
    if collector != Collector.HOLDER and not collector_proof:
        raise ProofMissing
    with transaction.atomic(using=REGISTRY, durable=True):
        if Card.objects.select_for_update().get(pk=card.pk).state != Card.State.READY:
            raise NotPossible
        return HandOver.objects.update_or_create(
            card=card,
            defaults={
                "collector": collector,
                "is_ward": is_ward,
                "proof": HandOver.Proof(proof),
                "collector_proof": collector_proof,
                "hindrance": HandOver.Hindrance(hindrance),
                "checked_by": by,
                "checked_at": at,
                "confirmed_by": "",
                "confirmed_at": None,
            },
        )[0]


def confirm(*, card: Card, by: str, at: dt.datetime) -> HandOver:
    """A second clerk has seen the proxy's papers. Raises NotChecked, SecondClerkNeeded for the clerk who checked."""
    with transaction.atomic(using=REGISTRY, durable=True):
        found = HandOver.objects.select_for_update().filter(card=card, handed_over_at=None).first()
        if found is None:
            raise NotChecked
        if found.checked_by == by:
            raise SecondClerkNeeded
        found.confirmed_by, found.confirmed_at = by, at
        found.save(update_fields=["confirmed_by", "confirmed_at"])
        return found


def hand_over(*, card: Card, pin: str = "", signature_password: str = "", by: str, at: dt.datetime) -> Card:
    """The holder (or representative) sets the PINs, the card is in use, the one before it has ended.

    Cards without PINs get none, and no signature certificate. Raises HandOverRefused, NotPossible,
    personalisation.BadPin.
    """
    with transaction.atomic(using=REGISTRY, durable=True):
        found = HandOver.objects.select_for_update().filter(card=card).first()
        if found is None:
            raise NotChecked
        if found.collector == Collector.PROXY and found.confirmed_at is None:
            raise SecondClerkNeeded
        card = Card.objects.select_for_update().get(pk=card.pk)
        entry = card.resident.current
        if card.state != Card.State.READY or entry.status != Status.RESIDENT:
            raise NotPossible
        # What was printed may be old by now; the record is what counts on the day.
        personalisation.rewrite_surface(chip_file(card), surface=surface_of(entry, card))
        if not card.without_pins:
            born = validity.born_on(entry.birth_date)
            may_sign = validity.age_on(born, validity.day_in_japan(at)) >= validity.SIGNATURE_AGE
            personalisation.set_pins(
                chip_file(card), pin=pin, signature_password=signature_password if may_sign else None
            )
        HandOver.objects.filter(card=card).update(handed_over_at=at)
        activate(card=card, at=at, by=by)
    # After a crash before this line, the first insertion completes the chip from the rows (issuance.personalise).
    complete_chip(card=card, store=chip_file(card))
    return card
