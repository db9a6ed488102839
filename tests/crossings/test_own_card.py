"""The citizen's own card, found without a value that the portal's database would keep; and the stop."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from accounts.models import User
from cards import lifecycle
from crossings import own_card
from tests.cards.people import NOW, in_use, person, places  # noqa: F401
from tests.residents.people import CLERK, TARO
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]


def test_the_page_knows_state_dates_and_both_certificates() -> None:
    card = in_use()
    user = User.objects.citizen(card.portal_code())
    found = own_card.find(card_id=str(card.pk), user=user, at=NOW)
    assert (found.state, found.is_usable, found.may_be_stopped, found.is_stopped) == ("ACTIVE", True, True, False)
    assert (found.issued_on, found.expires_on) == (dt.date(2026, 6, 1), dt.date(2036, 4, 15))
    assert (found.renewal_from, found.may_be_renewed) == (dt.date(2036, 1, 15), False)
    assert [(row.purpose, row.is_valid, row.renewal_from) for row in found.certificates] == [
        ("USER_AUTHENTICATION", True, dt.date(2031, 1, 15)),
        ("SIGNATURE", True, dt.date(2031, 1, 15)),
    ]
    assert "山田" not in repr(found)
    shown = str(found.certificates)
    assert not any(row.serial in shown for row in card.certificates.all())


def test_the_renewal_window_opens_three_months_before() -> None:
    card = in_use()
    user = User.objects.citizen(card.portal_code())
    just_before = dt.datetime(2031, 1, 14, 14, 59, tzinfo=dt.UTC)  # 14 January in Japan, one minute to midnight
    for at, is_open in ((just_before, False), (just_before + dt.timedelta(minutes=1), True)):
        found = own_card.find(card_id=str(card.pk), user=user, at=at)
        assert [row.may_be_renewed for row in found.certificates] == [is_open, is_open]


def test_another_persons_card_is_nobodys() -> None:
    mine, other = in_use(), in_use(person(TARO))
    user = User.objects.citizen(mine.portal_code())
    for card_id in (str(other.pk), str(uuid.uuid4()), "", "x"):
        assert own_card.find(card_id=card_id, user=user, at=NOW) is None
        with pytest.raises(own_card.NotPossible):
            own_card.stop(card_id=card_id, user=user, at=NOW)
    other.refresh_from_db()
    assert other.state == "ACTIVE"


def test_a_stop_ends_the_certificates_and_every_session_of_both_accounts() -> None:
    card = in_use(clerk=True)
    user = User.objects.citizen(card.portal_code())
    clerk = User.objects.create(staff_code=card.staff_code(), agency="132080", post="CLERK")
    bystander = User.objects.citizen(in_use(person(TARO)).portal_code())
    before = [one.get_session_auth_hash() for one in (user, clerk, bystander)]
    own_card.stop(card_id=str(card.pk), user=user, at=NOW)
    for one in (user, clerk, bystander):
        one.refresh_from_db()
    after = [one.get_session_auth_hash() for one in (user, clerk, bystander)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    found = own_card.find(card_id=str(card.pk), user=user, at=NOW)
    assert (found.state, found.is_stopped, found.stopped_at, found.may_be_stopped) == ("SUSPENDED", True, NOW, False)
    assert [(row.is_valid, row.ended_at) for row in found.certificates] == [(False, NOW), (False, NOW)]
    with pytest.raises(own_card.NotPossible):
        own_card.stop(card_id=str(card.pk), user=user, at=NOW)


def test_after_a_replacement_the_new_card_is_shown_and_stopped() -> None:
    resident = person()
    old = in_use(resident)
    user = User.objects.citizen(old.portal_code())
    new = in_use(resident, at=NOW + dt.timedelta(days=30))
    own_card.stop(card_id=str(old.pk), user=user, at=NOW + dt.timedelta(days=31))
    new.refresh_from_db()
    assert new.state == "SUSPENDED"
    lifecycle.lift(card=new, at=NOW + dt.timedelta(days=32), by=CLERK)
    found = own_card.find(card_id=str(old.pk), user=user, at=NOW + dt.timedelta(days=33))
    assert (found.state, found.stopped_at) == ("ACTIVE", None)
