"""From the card to the account."""

from __future__ import annotations

import base64
import hashlib

import pytest

from accounts.models import SignIn, User
from cards import lifecycle
from cards.models import Card
from cards.reader.protocol import signed_message
from crossings import sign_in
from numbering.models import IssuedCode
from tests.cards.chips import PIN
from tests.cards.people import NOW, in_use, person, places, terminal  # noqa: F401
from tests.residents.people import TARO
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]
ORIGIN = "https://portal.example"


@pytest.fixture(autouse=True)
def _origin(settings) -> None:
    settings.PORTAL_ORIGIN = ORIGIN


def started(purpose: str = "sign-in", session: str = "session-1") -> sign_in.Started:
    return sign_in.start(session_key=session, purpose=purpose, at=NOW)


def answered(card: Card, request: sign_in.Started) -> sign_in.Started:
    """As the reader does it: everything comes from the form's fields and the browser's Origin."""
    reader = terminal(card)
    text = signed_message(origin=ORIGIN, purpose=request.purpose, session=request.session, nonce=request.nonce)
    sign_in.answer(
        challenge_id=request.challenge,
        certificate_der=reader.certificate(),
        signature=reader.sign(pin=PIN, digest=hashlib.sha256(text).digest()),
        at=NOW,
    )
    return request


def finished(card: Card, purpose: str = "sign-in") -> sign_in.SignedIn:
    request = answered(card, started(purpose))
    return sign_in.finish(challenge_id=request.challenge, session_key="session-1", at=NOW)


def test_the_form_carries_what_the_reader_needs() -> None:
    request = started()
    assert len(base64.urlsafe_b64decode(request.nonce + "=")) == 32
    assert "session-1" not in request.session
    assert len(request.session) == 64


def test_a_citizen_signs_in() -> None:
    card = in_use()
    IssuedCode.objects.create(resident=card.resident, agency="132047", epoch=1, requested_at=NOW, issued_at=NOW)
    user, agencies = finished(card)
    assert (user.post, user.portal_code, user.staff_code) == ("CITIZEN", card.portal_code(), None)
    assert agencies == ["132047"]
    assert list(SignIn.objects.values_list("user", "purpose", "result")) == [(user.pk, "sign-in", "ACCEPTED")]
    assert finished(card).user == user
    assert User.objects.count() == 1


def test_two_people_have_two_accounts() -> None:
    one, two = finished(in_use()).user, finished(in_use(person(TARO))).user
    assert one != two


def test_a_clerk_signs_in_to_the_desk_under_the_staff_code() -> None:
    card = in_use(clerk=True)
    clerk = User.objects.create(staff_code=card.staff_code(), agency="132080", post="CLERK")
    assert finished(card, "desk-sign-in").user == clerk
    citizen = finished(card).user
    assert citizen != clerk
    assert citizen.post == "CITIZEN"


@pytest.mark.parametrize("clerk", [True, False])
def test_the_desk_is_closed_to_who_is_no_clerk(clerk: bool) -> None:
    card = in_use(clerk=clerk)
    with pytest.raises(sign_in.NoAccount):
        finished(card, "desk-sign-in")
    assert not SignIn.objects.exists()


def test_a_clerk_who_left_does_not_get_in() -> None:
    card = in_use(clerk=True)
    User.objects.create(staff_code=card.staff_code(), agency="132080", post="CLERK", is_active=False)
    with pytest.raises(sign_in.NoAccount):
        finished(card, "desk-sign-in")


def test_an_answer_for_the_desk_does_not_open_the_portal() -> None:
    card = in_use(clerk=True)
    User.objects.create(staff_code=card.staff_code(), agency="132080", post="CLERK")
    request = answered(card, started("desk-sign-in"))
    with pytest.raises(sign_in.CardNotAccepted):
        sign_in.finish(challenge_id=request.challenge, session_key="session-1", at=NOW, purpose="sign-in")


def test_another_session_gets_nothing() -> None:
    request = answered(in_use(), started())
    with pytest.raises(sign_in.CardNotAccepted):
        sign_in.finish(challenge_id=request.challenge, session_key="session-2", at=NOW)
    assert not User.objects.exists()


def test_the_card_of_another_person_confirms_nothing_and_its_holder_reads_of_it() -> None:
    hanako, other = in_use(), in_use(person(TARO))
    user = finished(hanako).user
    request = answered(other, started("confirm"))
    with pytest.raises(sign_in.OtherPerson):
        sign_in.finish(
            challenge_id=request.challenge, session_key="session-1", purpose="confirm", expected=user, at=NOW
        )
    holder = User.objects.get(portal_code=other.portal_code())
    assert list(SignIn.objects.filter(user=holder).values_list("purpose", "result")) == [("confirm", "REFUSED")]
    request = answered(hanako, started("confirm"))
    confirmed = sign_in.finish(
        challenge_id=request.challenge, session_key="session-1", purpose="confirm", expected=user, at=NOW
    )
    assert confirmed.user == user


def test_a_refused_card_stands_in_its_holders_history() -> None:
    card = in_use()
    user = finished(card).user
    lifecycle.suspend(card=card, at=NOW)
    with pytest.raises(sign_in.CardNotAccepted):
        answered(card, started())
    assert sorted(SignIn.objects.filter(user=user).values_list("result", flat=True)) == ["ACCEPTED", "REFUSED"]


def test_the_portals_database_gets_nothing_of_card_or_resident() -> None:
    card = in_use()
    user = finished(card).user
    row = {key: str(value) for key, value in User.objects.filter(pk=user.pk).values()[0].items()}
    known = {str(card.pk), str(card.resident_id), *card.certificates.values_list("serial", flat=True)}
    assert not known & set(row.values())
