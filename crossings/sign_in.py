"""A card becomes an account: challenge, answer, account.

The card proves a certificate; the certificate's card holds the code under which the portal (or, for clerks, the staff
directory) knows its holder. The account's database never sees certificate, card or resident.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import SignIn, User
from cards import authentication
from cards.authentication import CardNotAccepted
from cards.models import Card, Challenge
from numbering import persons

__all__ = ["CardNotAccepted", "NoAccount", "OtherPerson", "SignedIn", "Started", "answer", "finish", "start"]


class NoAccount(CardNotAccepted):
    """The card is good, but its holder has no account of this kind (not a clerk, or no longer one)."""

    message = _("The card is valid, but its holder cannot sign in here.")


class OtherPerson(CardNotAccepted):
    """The card is good, but it is not the card of the person who is signed in."""

    message = _("This is the card of another person. Nothing has been changed.")


class Started(NamedTuple):
    """What the page hands to the reader: the fields of its form."""

    challenge: str
    nonce: str
    session: str
    purpose: str


class SignedIn(NamedTuple):
    """The account, and the local codes of the agencies that hold a code for the person (for sealing in the session)."""

    user: User
    agencies: list[str]


def start(*, session_key: str, purpose: str, at: dt.datetime) -> Started:
    """A challenge for this browser session. `purpose` is one of "sign-in", "desk-sign-in" and "confirm"."""
    challenge = authentication.new_challenge(
        session_hash=authentication.session_hash(session_key), purpose=purpose, origin=settings.PORTAL_ORIGIN, at=at
    )
    nonce = base64.urlsafe_b64encode(challenge.nonce).decode().rstrip("=")
    return Started(str(challenge.pk), nonce, challenge.session_hash, challenge.purpose)


def answer(*, challenge_id: uuid.UUID | str, certificate_der: bytes, signature: bytes, at: dt.datetime) -> None:
    """Take the card's answer, from any browser context. It opens nothing until `finish` in the session that asked.

    Raises CardNotAccepted (each kind with its own class and message).
    """
    try:
        authentication.verify(challenge_id=challenge_id, certificate_der=certificate_der, signature=signature, at=at)
    except CardNotAccepted as refused:
        if refused.certificate is not None:
            _note_refusal(refused.certificate.card, challenge_id=challenge_id, at=at)
        raise


def finish(
    *,
    challenge_id: uuid.UUID | str,
    session_key: str,
    at: dt.datetime,
    purpose: str | None = None,
    expected: User | None = None,
) -> SignedIn:
    """The account of the card that answered, once, and only for the session that asked. Raises CardNotAccepted.

    `purpose`, where given, must be the challenge's: an answer for the desk does not open the portal. `expected`, where
    given, must be the account: the card of another person in mid-session confirms nothing, and its holder finds the
    attempt in the history.
    """
    challenge = authentication.use(
        challenge_id=challenge_id, session_hash=authentication.session_hash(session_key), at=at
    )
    if purpose is not None and challenge.purpose != purpose:
        raise authentication.WrongPurpose
    card = challenge.certificate.card
    if challenge.purpose == Challenge.Purpose.DESK_SIGN_IN:
        staff_code = card.staff_code()
        user = None if staff_code is None else User.objects.clerk(staff_code)
        agencies: list[str] = []
    else:
        user = User.objects.citizen(card.portal_code())
        agencies = persons.agencies_knowing(card.resident)
    if user is None or not user.is_active:
        raise NoAccount
    if expected is not None and user != expected:
        SignIn.objects.create(user=user, at=at, purpose=challenge.purpose, result=SignIn.Result.REFUSED)
        raise OtherPerson
    SignIn.objects.create(user=user, at=at, purpose=challenge.purpose, result=SignIn.Result.ACCEPTED)
    return SignedIn(user, agencies)


def _note_refusal(card: Card, *, challenge_id: uuid.UUID | str, at: dt.datetime) -> None:
    """A stopped or revoked card was tried with its right PIN: its holder finds that in the account's history."""
    purpose = Challenge.objects.values_list("purpose", flat=True).get(pk=challenge_id)
    if purpose == Challenge.Purpose.DESK_SIGN_IN:
        staff_code = card.staff_code()
        user = None if staff_code is None else User.objects.clerk(staff_code)
    else:
        user = User.objects.filter(portal_code=card.portal_code()).first()
    if user is not None:
        SignIn.objects.create(user=user, at=at, purpose=purpose, result=SignIn.Result.REFUSED)
