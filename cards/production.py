"""Making a card and bringing it to the counter: the factory prints and writes, the municipality sends the notice.

The chip leaves the factory without PINs and without keys. PINs are the holder's own, set at the counter; the keys are
made there in the same moment, so that nobody on the way could have used them.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from cards import validity
from cards.application_models import Application
from cards.chip import personalisation
from cards.issuance import chip_file, surface_of
from cards.lifecycle import NotPossible, move
from cards.models import Card
from databases import REGISTRY

__all__ = ["NotPossible", "arrive", "produce"]


def produce(*, card: Card, at: dt.datetime) -> Card:
    """Print the surface, write it on a blank chip, send it off. Validity counts from this day. Raises NotPossible."""
    entry = card.resident.current
    card.issued_on = validity.day_in_japan(at)
    card.expires_on = validity.card_expires_on(
        born=validity.born_on(entry.birth_date), issued_on=card.issued_on, stay_until=entry.stay_until
    )
    with transaction.atomic(using=REGISTRY, durable=True):
        application = Application.objects.select_for_update().filter(card=card).first()
        if application is None:
            raise NotPossible
        move(card, allowed=[Card.State.IN_PRODUCTION], into=Card.State.SHIPPED, at=at, by="")
        card.save(update_fields=["issued_on", "expires_on"])
        photo = application.photo()
        Application.objects.filter(card=card).update(photo_sealed=None)
        # A chip without a row is what a kill in the middle of this act leaves: nothing on it is anybody's secret yet.
        chip_file(card).path.unlink(missing_ok=True)
        chip_file(card).create(personalisation.blank(surface=surface_of(entry, card), photo=photo))
    return card


def arrive(*, card: Card, by: str, at: dt.datetime) -> Card:
    """The card is at the counter and can be collected; the notice goes out next. Raises NotPossible."""
    with transaction.atomic(using=REGISTRY, durable=True):
        return move(card, allowed=[Card.State.SHIPPED], into=Card.State.READY, at=at, by=by)
