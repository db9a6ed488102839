"""Who is at the door: a challenge for one session, origin and purpose, and the card's answer to it.

The reader, not the page, composes what the chip signs, so an answer given to another origin, for another purpose or in
another session verifies here never. A challenge lives five minutes; one answer and one use, by conditional UPDATEs.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import uuid

from cryptography import x509
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards import authorities
from cards.models import Card, Certificate, Challenge
from cards.pki import verification
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION
from cards.reader.protocol import signed_message
from keys.sealing import keyed_hash

LIFETIME = dt.timedelta(minutes=5)
# Answered challenges say who signed in when; after this time they are of no use.
KEPT_FOR = dt.timedelta(days=1)


class CardNotAccepted(Exception):
    """The card does not open this door. `certificate` is set where the holder has proved to be its holder."""

    message: Promise | str = _("The card could not be accepted.")

    def __init__(self, certificate: Certificate | None = None) -> None:
        super().__init__()
        self.certificate = certificate

    def __str__(self) -> str:
        return str(self.message)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class ForeignCertificate(CardNotAccepted):
    message = _("This card was not issued by the authority that this service trusts.")


class WrongPurpose(CardNotAccepted):
    message = _("This certificate is not for signing in. The user authentication certificate is needed.")


class BadSignature(CardNotAccepted):
    message = _("The card's answer does not belong to this request. Please start again.")


class CertificateExpired(CardNotAccepted):
    message = _("The card or its certificate has expired. Please renew it at your municipality's counter.")


class CertificateRevoked(CardNotAccepted):
    message = _("The card's certificate is no longer valid. Please get a new one at your municipality's counter.")


class CardSuspended(CardNotAccepted):
    message = _("This card has been stopped. To use it again, please bring it to your municipality's counter.")


class ChallengeUsed(CardNotAccepted):
    message = _("This request has been answered already. Please start again.")


class ChallengeExpired(CardNotAccepted):
    message = _("This request is no longer valid. Please start again.")


class OtherSession(CardNotAccepted):
    message = _("This request was made in another browser window. Please start again.")


def session_hash(session_key: str) -> str:
    """The value under which the card's answer is bound to a browser session.

    Keyed, so that the registry's database and the portal's sessions cannot be joined by who steals both.
    """
    return keyed_hash("sign-in", "session", session_key).hex()


def new_challenge(*, session_hash: str, purpose: str, origin: str, at: dt.datetime) -> Challenge:
    """A fresh question. Raises ValueError for an unknown purpose."""
    return Challenge.objects.create(
        nonce=secrets.token_bytes(32),
        session_hash=session_hash,
        purpose=Challenge.Purpose(purpose),
        origin=origin,
        expires_at=at.replace(microsecond=0) + LIFETIME,
    )


def verify(*, challenge_id: uuid.UUID | str, certificate_der: bytes, signature: bytes, at: dt.datetime) -> Certificate:
    """The certificate that answered. Its state is told only to who holds its key. Raises CardNotAccepted."""
    challenge = _challenge(challenge_id)
    if challenge.answered_at is not None:
        raise ChallengeUsed
    if at >= challenge.expires_at:
        raise ChallengeExpired
    presented = _trusted(certificate_der)
    if not verification.signature_is_right(presented, signature=signature, message=_message(challenge)):
        raise BadSignature
    certificate = _registered(presented, certificate_der)
    _check_status(certificate, presented, at=at)
    answered = Challenge.objects.filter(pk=challenge.pk, answered_at__isnull=True).update(
        answered_at=at.replace(microsecond=0), certificate=certificate
    )
    if not answered:
        raise ChallengeUsed
    return certificate


def use(*, challenge_id: uuid.UUID | str, session_hash: str, at: dt.datetime) -> Challenge:
    """Take an answered challenge, once, in the session that it was made for. Raises CardNotAccepted."""
    challenge = _challenge(challenge_id)
    if not secrets.compare_digest(challenge.session_hash, session_hash):
        raise OtherSession
    if challenge.used_at is not None:
        raise ChallengeUsed
    if challenge.certificate is None or at >= challenge.expires_at:
        raise ChallengeExpired
    taken = Challenge.objects.filter(pk=challenge.pk, used_at__isnull=True, answered_at__isnull=False)
    if not taken.update(used_at=at.replace(microsecond=0)):
        raise ChallengeUsed
    certificate = challenge.certificate
    _check_status(certificate, verification.parse(bytes(certificate.der)), at=at)
    return challenge


def forget_challenges(*, at: dt.datetime) -> int:
    """Delete challenges that are long over: they would tell who signed in when."""
    return Challenge.objects.filter(expires_at__lt=at - KEPT_FOR).delete()[0]


def _challenge(challenge_id: uuid.UUID | str) -> Challenge:
    try:
        identifier = challenge_id if isinstance(challenge_id, uuid.UUID) else uuid.UUID(challenge_id)
    except ValueError:
        raise ChallengeExpired from None
    found = Challenge.objects.select_related("certificate__card").filter(pk=identifier).first()
    if found is None:
        raise ChallengeExpired
    return found


def _message(challenge: Challenge) -> bytes:
    return signed_message(
        origin=challenge.origin,
        purpose=challenge.purpose,
        session=challenge.session_hash,
        nonce=base64.urlsafe_b64encode(bytes(challenge.nonce)).decode().rstrip("="),
    )


def _trusted(der: bytes) -> x509.Certificate:
    """The certificate, if it is a user authentication certificate of ours: by signature, usage and policy."""
    try:
        presented = verification.parse(der)
        if verification.is_issued_by(presented, authorities.anchors(SIGNATURE)):
            raise WrongPurpose
        if not verification.is_issued_by(presented, authorities.anchors(USER_AUTHENTICATION)):
            raise ForeignCertificate
        verification.check_profile(presented, PROFILES[USER_AUTHENTICATION])
    except verification.NotTrusted:
        raise ForeignCertificate from None
    except verification.NotForThis:
        raise WrongPurpose from None
    return presented


def _registered(presented: x509.Certificate, der: bytes) -> Certificate:
    """The row of the certificate. One that our key signed but nobody registered was never issued."""
    row = Certificate.objects.select_related("card").filter(serial=f"{presented.serial_number:x}").first()
    if row is None or bytes(row.der) != der:
        raise ForeignCertificate
    return row


def _check_status(certificate: Certificate, presented: x509.Certificate, *, at: dt.datetime) -> None:
    card = certificate.card
    if card.state in Card.STOPPED:
        raise CardSuspended(certificate)
    if certificate.state != Certificate.State.VALID:
        raise CertificateRevoked(certificate)
    try:
        verification.check_dates(presented, at=at)
    except verification.OutOfDate:
        raise CertificateExpired(certificate) from None
    if not card.is_usable(at=at):
        raise CertificateExpired(certificate) if card.state == Card.State.ACTIVE else CertificateRevoked(certificate)
