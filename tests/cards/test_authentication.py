"""Challenge and answer, and every answer that must not open the door."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import uuid
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cards import authentication, lifecycle
from cards.authentication import (
    BadSignature,
    CardNotAccepted,
    CardSuspended,
    CertificateExpired,
    CertificateRevoked,
    ChallengeExpired,
    ChallengeUsed,
    ForeignCertificate,
    OtherSession,
    WrongPurpose,
)
from cards.models import Card, Certificate, Challenge
from cards.pki import keyfiles
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION
from cards.reader.protocol import signed_message
from tests.cards.chips import JPKI, PASSWORD, PIN, say, sign_command, verify
from tests.cards.people import NOW, chip, in_use, terminal
from tests.cards.test_pki import HANAKO
from tests.residents.people import CLERK
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]
ORIGIN = "https://portal.example"
MINUTE = dt.timedelta(minutes=1)


def ask(*, session: str = "one", purpose: str = "sign-in", origin: str = ORIGIN, at: dt.datetime = NOW) -> Challenge:
    bound = authentication.session_hash(session)
    return authentication.new_challenge(session_hash=bound, purpose=purpose, origin=origin, at=at)


def message(challenge: Challenge, **changes: str) -> bytes:
    """What the reader composes for this challenge, or for one that differs."""
    nonce = base64.urlsafe_b64encode(challenge.nonce).decode().rstrip("=")
    parts = {
        "origin": challenge.origin,
        "purpose": challenge.purpose,
        "session": challenge.session_hash,
        "nonce": nonce,
    }
    return signed_message(**{**parts, **changes})


def answer(card: Card, challenge: Challenge, *, at: dt.datetime = NOW, **changes: str) -> Certificate:
    reader = terminal(card)
    digest = hashlib.sha256(message(challenge, **changes)).digest()
    return authentication.verify(
        challenge_id=challenge.pk,
        certificate_der=reader.certificate(),
        signature=reader.sign(pin=PIN, digest=digest),
        at=at,
    )


def use(challenge: Challenge, *, session: str = "one", at: dt.datetime = NOW) -> Challenge:
    bound = authentication.session_hash(session)
    return authentication.use(challenge_id=challenge.pk, session_hash=bound, at=at)


def test_a_card_answers() -> None:
    card, challenge = in_use(), ask()
    certificate = answer(card, challenge, at=NOW + 4 * MINUTE)
    assert (certificate.card, certificate.purpose) == (card, "USER_AUTHENTICATION")
    assert use(challenge, at=NOW + 4 * MINUTE).certificate == certificate


def test_one_answer_and_one_use() -> None:
    card, challenge = in_use(), ask()
    answer(card, challenge)
    with pytest.raises(ChallengeUsed):
        answer(card, challenge)
    use(challenge)
    with pytest.raises(ChallengeUsed):
        use(challenge)


def test_of_two_uses_at_once_one_wins(monkeypatch) -> None:
    """Both have read the row as unused; the conditional UPDATE decides."""
    card, challenge = in_use(), ask()
    answer(card, challenge)
    stale = Challenge.objects.select_related("certificate__card").get(pk=challenge.pk)
    use(challenge)
    monkeypatch.setattr(authentication, "_challenge", lambda _: stale)
    with pytest.raises(ChallengeUsed):
        use(challenge)


def test_of_two_answers_at_once_one_wins(monkeypatch) -> None:
    card, challenge = in_use(), ask()
    stale = Challenge.objects.get(pk=challenge.pk)
    answer(card, challenge)
    monkeypatch.setattr(authentication, "_challenge", lambda _: stale)
    with pytest.raises(ChallengeUsed):
        answer(card, challenge)


def test_a_challenge_lives_five_minutes() -> None:
    card, challenge = in_use(), ask()
    with pytest.raises(ChallengeExpired):
        answer(card, challenge, at=NOW + 5 * MINUTE)
    answer(card, challenge, at=NOW + 4 * MINUTE)
    with pytest.raises(ChallengeExpired):
        use(challenge, at=NOW + 5 * MINUTE)


UNKNOWN = "3f1d3c1e-6c5b-4a8e-9d59-0d3f6a1f7b10"  # fixed: two workers must collect the same tests


@pytest.mark.parametrize("unknown", [uuid.UUID(UNKNOWN), UNKNOWN, "x", ""])
def test_an_unknown_challenge(unknown: object) -> None:
    in_use()
    with pytest.raises(ChallengeExpired):
        authentication.verify(challenge_id=unknown, certificate_der=b"", signature=b"", at=NOW)
    with pytest.raises(ChallengeExpired):
        authentication.use(challenge_id=unknown, session_hash="", at=NOW)


def test_an_answer_works_only_in_the_session_that_asked() -> None:
    card, challenge = in_use(), ask()
    answer(card, challenge)
    with pytest.raises(OtherSession):
        use(challenge, session="two")
    use(challenge)


def test_an_unanswered_challenge_opens_nothing() -> None:
    with pytest.raises(ChallengeExpired):
        use(ask())


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://portal.example"},
        {"purpose": "confirm"},
        {"session": "ab" * 32},
        {"nonce": "A" * 43},
    ],
)
def test_what_was_signed_for_something_else(changes: dict[str, str]) -> None:
    card, challenge = in_use(), ask()
    with pytest.raises(BadSignature):
        answer(card, challenge, **changes)
    answer(card, challenge)  # nothing was used up


def test_an_answer_to_another_challenge() -> None:
    card, one, two = in_use(), ask(), ask()
    reader = terminal(card)
    signature = reader.sign(pin=PIN, digest=hashlib.sha256(message(one)).digest())
    with pytest.raises(BadSignature):
        authentication.verify(challenge_id=two.pk, certificate_der=reader.certificate(), signature=signature, at=NOW)


def _forged(places, *, purpose: str = USER_AUTHENTICATION, directory: str = "theirs") -> Callable[[Challenge], object]:
    """A certificate of the same name and content, whose key the attacker holds."""
    profile = PROFILES[purpose]
    authority = keyfiles.create(places / directory, profile, generation=1, at=NOW)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = authority.issue(
        public_key=key.public_key(),
        not_before=NOW,
        not_after=NOW + dt.timedelta(days=1),
        attributes=HANAKO if profile.with_attributes else None,
    )
    return lambda challenge: authentication.verify(
        challenge_id=challenge.pk,
        certificate_der=certificate.public_bytes(serialization.Encoding.DER),
        signature=key.sign(message(challenge), padding.PKCS1v15(), hashes.SHA256()),
        at=NOW,
    )


def test_the_card_of_another_authority_with_the_same_name(places) -> None:
    in_use()
    with pytest.raises(ForeignCertificate):
        _forged(places)(ask())


def test_a_certificate_that_our_key_signed_but_nobody_registered(places) -> None:
    in_use()
    with pytest.raises(ForeignCertificate):
        _forged(places, directory="pki")(ask())


def test_before_any_authority_exists_nothing_is_accepted(places) -> None:
    with pytest.raises(ForeignCertificate):
        _forged(places)(ask())


def test_the_signature_certificate_signs_nobody_in() -> None:
    card, challenge = in_use(), ask()
    reading = chip(card)
    say(reading, JPKI, "00A4020C02001B", verify(PASSWORD), "00A4020C02001A")
    signature = bytes.fromhex(say(reading, sign_command(message(challenge))))[:-2]
    row = card.certificates.get(purpose="SIGNATURE")
    with pytest.raises(WrongPurpose):
        authentication.verify(challenge_id=challenge.pk, certificate_der=bytes(row.der), signature=signature, at=NOW)


def test_a_signature_certificate_signed_by_the_wrong_authority(places) -> None:
    """A signature-profile leaf under the user-authentication authority's key fails on usage and policy."""
    in_use()
    from cards.pki.authority import Authority

    profile = PROFILES[SIGNATURE]
    authority = keyfiles.current(places / "pki", PROFILES[USER_AUTHENTICATION])
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = Authority(profile, 1, authority.key, authority.certificate).issue(
        public_key=key.public_key(), not_before=NOW, not_after=NOW + MINUTE, attributes=HANAKO
    )
    challenge = ask()
    with pytest.raises(WrongPurpose):
        authentication.verify(
            challenge_id=challenge.pk,
            certificate_der=certificate.public_bytes(serialization.Encoding.DER),
            signature=key.sign(message(challenge), padding.PKCS1v15(), hashes.SHA256()),
            at=NOW,
        )


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (lambda card: lifecycle.suspend(card=card, at=NOW), CardSuspended),
        (lambda card: lifecycle.report_lost(card=card, at=NOW), CardSuspended),
        (lambda card: lifecycle.revoke(card=card, at=NOW, by=CLERK), CertificateRevoked),
        (lambda card: lifecycle.revoke_certificates(card=card, reason="keyCompromise", at=NOW), CertificateRevoked),
    ],
)
def test_a_dead_card_opens_nothing_before_or_after_its_answer(act, refusal: type[CardNotAccepted]) -> None:
    card, before, after = in_use(), ask(), ask()
    answer(card, after)
    act(card)
    with pytest.raises(refusal) as raised:
        answer(card, before)
    assert raised.value.certificate.card == card
    with pytest.raises(refusal):
        use(after)


def test_a_lifted_stop_does_not_revive_the_certificate() -> None:
    card = in_use()
    lifecycle.suspend(card=card, at=NOW)
    lifecycle.lift(card=card, at=NOW, by=CLERK)
    with pytest.raises(CertificateRevoked):
        answer(card, ask())


def test_expired() -> None:
    card = in_use()
    last = dt.datetime(2031, 4, 15, 14, 59, 59, tzinfo=dt.UTC)
    answer(card, ask(at=last), at=last)
    after = last + dt.timedelta(seconds=1)
    with pytest.raises(CertificateExpired):
        answer(card, ask(at=after), at=after)


def test_the_state_is_told_only_to_who_holds_the_key() -> None:
    card, challenge = in_use(), ask()
    lifecycle.suspend(card=card, at=NOW)
    with pytest.raises(BadSignature):
        authentication.verify(
            challenge_id=challenge.pk, certificate_der=terminal(card).certificate(), signature=bytes(256), at=NOW
        )


@pytest.mark.parametrize("der", [b"", b"junk", b"\x30\x82\x00\x01\x00", bytes(10_000)])
def test_junk(der: bytes) -> None:
    in_use()
    with pytest.raises(ForeignCertificate):
        authentication.verify(challenge_id=ask().pk, certificate_der=der, signature=b"", at=NOW)


def test_an_unknown_purpose() -> None:
    with pytest.raises(ValueError, match="steal"):
        ask(purpose="steal")


def test_old_challenges_are_forgotten() -> None:
    old, young = ask(at=NOW - dt.timedelta(days=2)), ask()
    assert authentication.forget_challenges(at=NOW) == 1
    assert not Challenge.objects.filter(pk=old.pk).exists()
    assert Challenge.objects.filter(pk=young.pk).exists()


def test_the_session_is_not_found_again_without_the_key() -> None:
    assert authentication.session_hash("abc") != hashlib.sha256(b"abc").hexdigest()
    assert authentication.session_hash("abc") == authentication.session_hash("abc")


def test_refusals_are_words_and_show_nothing() -> None:
    card = in_use()
    refusal = CardSuspended(card.certificates.first())
    assert "stopped" in str(refusal) or "停止" in str(refusal)
    assert repr(refusal) == "<CardSuspended>"
