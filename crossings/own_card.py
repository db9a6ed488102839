"""A citizen's own card: what became of it, and the stop that works at any hour.

The portal's database knows neither card nor resident. What leads back to the card is the row's random id, which
`crossings.holder` hands over at sign-in and the caller keeps sealed in the session, under a key that only the browser
has. It opens nothing by itself: the card must hold the code of the account that asks.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NamedTuple

from accounts.models import User
from cards import lifecycle, validity
from cards.lifecycle import NotPossible
from cards.models import Card, CardEvent, Certificate

__all__ = ["NotPossible", "OwnCard", "OwnCertificate", "end_sessions", "find", "stop"]


class OwnCertificate(NamedTuple):
    """One of the two certificates, without its serial: that would be a name for the person."""

    purpose: str
    purpose_text: str
    is_valid: bool
    has_expired: bool
    not_before: dt.datetime
    not_after: dt.datetime
    ended_at: dt.datetime | None
    reason_text: str
    renewal_from: dt.date
    may_be_renewed: bool


class OwnCard(NamedTuple):
    """What the holder may know of the card. Not to be printed."""

    state: str
    state_text: str
    is_usable: bool
    is_stopped: bool
    may_be_stopped: bool
    issued_on: dt.date
    expires_on: dt.date
    renewal_from: dt.date
    may_be_renewed: bool
    stopped_at: dt.datetime | None
    certificates: list[OwnCertificate]
    events: list[CardEvent]

    def __repr__(self) -> str:
        return "<OwnCard>"


def find(*, card_id: str, user: User, at: dt.datetime) -> OwnCard | None:
    """The holder's card as it is now: the one that signed in, or the one that has replaced it."""
    card = _card(card_id, user)
    if card is None:
        return None
    today, renewal_from = validity.day_in_japan(at), validity.renewal_opens_on(card.expires_on)
    events = list(card.events.all())
    stops = [event.at for event in events if event.state in Card.STOPPED]
    return OwnCard(
        state=card.state,
        state_text=card.get_state_display(),
        is_usable=card.is_usable(at=at),
        is_stopped=card.state in Card.STOPPED,
        may_be_stopped=card.state == Card.State.ACTIVE,
        issued_on=card.issued_on,
        expires_on=card.expires_on,
        renewal_from=renewal_from,
        may_be_renewed=today >= renewal_from,
        stopped_at=stops[-1] if stops and card.state in Card.STOPPED else None,
        certificates=[_certificate(row, today, at) for row in _newest(card)],
        events=events[::-1],
    )


def stop(*, card_id: str, user: User, at: dt.datetime) -> None:
    """Stop the card at once, at its holder's word (JPKI Act, articles 12 and 31).

    Whoever else has signed in with the card is out: every session of its accounts ends. Raises NotPossible.
    """
    card = _card(card_id, user)
    if card is None:
        raise NotPossible
    lifecycle.suspend(card=card, at=at)
    end_sessions(card)


def is_protected(*, card_id: str, user: User, at: dt.datetime) -> bool:
    """Whether support measures protect the holder. Where the card is not found, we say yes: that harms nobody."""
    card = _card(card_id, user)
    return card is None or card.resident.is_protected(at)


def end_sessions(card: Card) -> None:
    """End every session that the card opened, at the portal and at the desk."""
    staff_code = card.staff_code()
    accounts = User.objects.filter(portal_code=card.portal_code())
    if staff_code is not None:
        accounts |= User.objects.filter(staff_code=staff_code)
    for account in accounts:
        account.end_sessions()


def _card(card_id: str, user: User) -> Card | None:
    try:
        read = Card.objects.select_related("resident").filter(pk=uuid.UUID(card_id)).first()
    except ValueError:
        return None
    if read is None or user.portal_code is None or read.portal_code() != user.portal_code:
        return None
    return Card.objects.of(read.resident).live().first() or read


def _newest(card: Card) -> list[Certificate]:
    """The valid certificate of each purpose, or else the one that ended last."""
    newest: dict[str, Certificate] = {}
    for row in card.certificates.order_by("not_before"):
        held = newest.get(row.purpose)
        if held is None or held.state != Certificate.State.VALID:
            newest[row.purpose] = row
    return [newest[purpose] for purpose in Certificate.Purpose.values if purpose in newest]


def _certificate(row: Certificate, today: dt.date, at: dt.datetime) -> OwnCertificate:
    renewal_from = validity.renewal_opens_on(validity.day_in_japan(row.not_after))
    is_valid = row.state == Certificate.State.VALID
    return OwnCertificate(
        purpose=row.purpose,
        purpose_text=row.get_purpose_display(),
        is_valid=is_valid and at <= row.not_after,
        has_expired=is_valid and at > row.not_after,
        not_before=row.not_before,
        not_after=row.not_after,
        ended_at=row.revoked_at,
        reason_text=row.get_reason_display(),
        renewal_from=renewal_from,
        may_be_renewed=is_valid and today >= renewal_from,
    )
