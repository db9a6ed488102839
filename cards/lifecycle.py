"""What becomes of a card in use: stopped, lost, found again, given back, replaced.

A stop can be lifted at the counter; what it did to the certificates cannot (JPKI holds are never released), so the
holder gets new ones. Each act is one conditional UPDATE: of two at once, one happens and the other is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cards.models import Card, CardEvent, Certificate
from cards.validity import day_in_japan
from databases import REGISTRY
from residents.models import Resident

_State, _Reason = Card.State, Certificate.Reason


class NotPossible(Exception):
    """The card is not in a state in which this can be done."""

    def __str__(self) -> str:
        return str(_("This cannot be done with a card in its present state."))


def suspend(*, card: Card, at: dt.datetime, by: str = "") -> Card:
    """Stop the card at the holder's wish, day or night (JPKI Act, articles 12 and 31). Raises NotPossible."""
    return _stop(card=card, allowed=[_State.ACTIVE], into=_State.SUSPENDED, at=at, by=by)


def report_lost(*, card: Card, at: dt.datetime, by: str = "") -> Card:
    """Stop a card that its holder no longer has (Number Act, article 17(7)). Raises NotPossible."""
    return _stop(card=card, allowed=[_State.ACTIVE, _State.SUSPENDED], into=_State.LOST, at=at, by=by)


def lift(*, card: Card, at: dt.datetime, by: str) -> Card:
    """Take the stop back at the counter, with the card and proof of identity. Its certificates stay ended.

    Raises NotPossible.
    """
    with transaction.atomic(using=REGISTRY, durable=True):
        return move(card, allowed=list(Card.STOPPED), into=_State.ACTIVE, at=at, by=by)


def revoke(
    *,
    card: Card,
    at: dt.datetime,
    by: str,
    state: str = _State.RETURNED,
    reason: str = _Reason.CESSATION_OF_OPERATION,
) -> Card:
    """End the card and its certificates for good: returned, abolished, expired. Raises NotPossible."""
    if state not in Card.ENDED:
        raise NotPossible
    with transaction.atomic(using=REGISTRY, durable=True):
        revoke_certificates(card=card, reason=reason, at=at)
        return move(card, allowed=[*Card.PENDING, *Card.LIVE], into=_State(state), at=at, by=by)


def attributes_changed(*, resident: Resident, at: dt.datetime) -> int:
    """After a move or a change of name: signature certificates end, user authentication goes on.

    (JPKI Act, article 12: what the certificate says is no longer so.) Returns how many ended.
    """
    with transaction.atomic(using=REGISTRY, durable=True):
        return _end(
            card__resident=resident,
            purpose=Certificate.Purpose.SIGNATURE,
            state_after=Certificate.State.REVOKED,
            reason=_Reason.AFFILIATION_CHANGED,
            at=at,
        )


def replace_older(*, card: Card, at: dt.datetime, by: str) -> None:
    """The new card takes the place of the one that the holder had; call inside the act that hands it over."""
    for older in Card.objects.of(card.resident).live().exclude(pk=card.pk):
        revoke_certificates(card=older, reason=_Reason.SUPERSEDED, at=at)
        move(older, allowed=list(Card.LIVE), into=_State.REPLACED, at=at, by=by)


def revoke_certificates(*, card: Card, reason: str, at: dt.datetime, purposes: Sequence[str] = ()) -> int:
    """Revoke what is still valid on the card (of these purposes, or all); what is on hold stays on hold."""
    which = {"purpose__in": purposes} if purposes else {}
    return _end(card=card, state_after=Certificate.State.REVOKED, reason=reason, at=at, **which)


def end_signature(*, card: Card, reason: str, at: dt.datetime) -> int:
    """Revoke the signature certificate alone."""
    purpose = Certificate.Purpose.SIGNATURE
    return _end(card=card, purpose=purpose, state_after=Certificate.State.REVOKED, reason=reason, at=at)


def expire(*, at: dt.datetime) -> int:
    """Cards that are past their last day, and cards not collected by it: expired. Returns how many; safe to repeat."""
    today, ended = day_in_japan(at), 0
    for card in Card.objects.filter(state__in=[*Card.PENDING, *Card.LIVE], expires_on__lt=today):
        with suppress(NotPossible):
            revoke(card=card, at=at, by="", state=_State.EXPIRED)
            ended += 1
    return ended


def _stop(*, card: Card, allowed: list[Card.State], into: Card.State, at: dt.datetime, by: str) -> Card:
    with transaction.atomic(using=REGISTRY, durable=True):
        _end(card=card, state_after=Certificate.State.HELD, reason=_Reason.CERTIFICATE_HOLD, at=at)
        return move(card, allowed=allowed, into=into, at=at, by=by)


def move(card: Card, *, allowed: list[Card.State], into: Card.State, at: dt.datetime, by: str) -> Card:
    """From one of the states into another, once, and into the history. Raises NotPossible."""
    if not Card.objects.filter(pk=card.pk, state__in=allowed).update(state=into):
        raise NotPossible
    CardEvent.objects.create(card=card, state=into, at=at.replace(microsecond=0), by=by)
    card.state = into
    return card


def _end(*, state_after: str, reason: str, at: dt.datetime, **which: object) -> int:
    valid = Certificate.objects.filter(state=Certificate.State.VALID, **which)
    return valid.update(state=state_after, reason=reason, revoked_at=at.replace(microsecond=0))
