"""Whose card was just read: the name for the page's header, how long its certificate will serve, and which card it was.

Asked once, right after `crossings.sign_in.finish`; the caller keeps it sealed in the session and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NamedTuple

from cards.models import Challenge


class Holder(NamedTuple):
    """Not to be printed: it names a person."""

    name: str
    latin_name: str
    certificate_until: dt.datetime
    card: str = ""

    def __repr__(self) -> str:
        return "<Holder>"


def of_challenge(challenge_id: uuid.UUID | str) -> Holder:
    """The holder of the card that answered this challenge."""
    challenge = Challenge.objects.select_related("certificate__card__resident").get(pk=challenge_id)
    card = challenge.certificate.card
    entry = card.resident.current
    return Holder(
        entry.full_name, entry.latin_name or entry.full_name, challenge.certificate.not_after, card=str(card.pk)
    )
