"""The history of a card in sentences: what happened, not which state a row is in."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crossings.own_card import OwnCard

_SENTENCES = {
    "APPLIED": _("You applied for the card."),
    "REJECTED": _("The application was sent back."),
    "IN_PRODUCTION": _("The making of the card began."),
    "SHIPPED": _("The card was sent to your municipality."),
    "READY": _("The card lay ready at the counter."),
    "ACTIVE": _("The card was put into use."),
    "LOST": _("The card was reported lost."),
    "EXPIRED": _("The card expired."),
    "RETURNED": _("The card was given back."),
    "ABOLISHED": _("The card was abolished."),
    "CANCELLED": _("The application was withdrawn."),
    "REPLACED": _("The card was replaced by a new one."),
}
_STOPPED_BY_HOLDER = _("You stopped the card.")
_STOPPED_AT_THE_COUNTER = _("The card was stopped at the counter, as you wished.")
_LIFTED = _("The stop was lifted at the counter. The certificates stayed without effect.")
_WHAT = {
    "CERTIFICATES_RENEWED": _("New certificates were written on the card."),
    "SURFACE_UPDATED": _("Name and address were written anew on the card."),
    "PINS_SET": _("New PINs were set at the counter."),
    "PINS_REMOVED": _("The card was made a card without PINs."),
}


class Line(NamedTuple):
    at: dt.datetime
    sentence: Promise


def history_of(card: OwnCard) -> list[Line]:
    """The newest first."""
    lines, before = [], ""
    for event in reversed(card.events):
        sentence = _WHAT.get(event.what) or _sentence(event.state, before, by_holder=not event.by)
        lines.append(Line(event.at, sentence))
        before = event.state
    return lines[::-1]


def _sentence(state: str, before: str, *, by_holder: bool) -> Promise:
    if state == "SUSPENDED":
        return _STOPPED_BY_HOLDER if by_holder else _STOPPED_AT_THE_COUNTER
    if state == "ACTIVE" and before in ("SUSPENDED", "LOST"):
        return _LIFTED
    return _SENTENCES[state]
