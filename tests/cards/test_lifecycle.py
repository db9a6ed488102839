"""Stops, losses and ends, and what they do to certificates."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cards import issuance, lifecycle
from cards.models import Card, Certificate
from databases import REGISTRY
from tests.cards.people import NOW, in_use, person
from tests.residents.people import CLERK
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]
LATER = NOW + dt.timedelta(days=10)


def _certificates(card: Card) -> set[tuple[str, str]]:
    return {(row.state, row.reason) for row in card.certificates.all()}


def test_a_stop_holds_the_certificates_for_good() -> None:
    card = lifecycle.suspend(card=in_use(), at=LATER)
    assert card.state == "SUSPENDED"
    assert _certificates(card) == {("HELD", "certificateHold")}
    lifecycle.lift(card=card, at=LATER, by=CLERK)
    card.refresh_from_db()
    assert card.state == "ACTIVE"
    assert _certificates(card) == {("HELD", "certificateHold")}
    issuance.renew_certificates(card=card, at=LATER)
    assert _certificates(card) == {("HELD", "certificateHold"), ("VALID", "")}


@pytest.mark.parametrize("first", ["ACTIVE", "SUSPENDED"])
def test_a_card_in_use_or_stopped_can_be_reported_lost(first: str) -> None:
    card = in_use()
    if first == "SUSPENDED":
        lifecycle.suspend(card=card, at=LATER)
    assert lifecycle.report_lost(card=card, at=LATER).state == "LOST"
    assert lifecycle.lift(card=card, at=LATER, by=CLERK).state == "ACTIVE"


def test_an_end_is_final() -> None:
    card = lifecycle.revoke(card=in_use(), at=LATER, by=CLERK)
    assert card.state == "RETURNED"
    assert _certificates(card) == {("REVOKED", "cessationOfOperation")}
    for act in (lifecycle.suspend, lifecycle.report_lost, lifecycle.lift, lifecycle.revoke):
        with pytest.raises(lifecycle.NotPossible):
            act(card=card, at=LATER, by=CLERK)
    assert [event.by for event in card.events.all()] == ["", "", CLERK]


def test_a_card_ends_only_in_an_end() -> None:
    with pytest.raises(lifecycle.NotPossible):
        lifecycle.revoke(card=in_use(), at=LATER, by=CLERK, state=Card.State.ACTIVE)


def test_a_refused_act_changes_nothing() -> None:
    card = in_use()
    lifecycle.suspend(card=card, at=LATER)
    with pytest.raises(lifecycle.NotPossible):
        lifecycle.suspend(card=card, at=LATER)
    assert card.events.count() == 3


def test_a_move_ends_signature_certificates_only() -> None:
    card = in_use()
    assert lifecycle.attributes_changed(resident=card.resident, at=LATER) == 1
    states = dict(card.certificates.values_list("purpose", "state"))
    assert states == {"SIGNATURE": "REVOKED", "USER_AUTHENTICATION": "VALID"}
    assert card.certificates.get(purpose="SIGNATURE").reason == "affiliationChanged"


def test_the_database_refuses_two_live_cards() -> None:
    resident = person()
    card = in_use(resident)
    copy = Card(
        resident=resident,
        state=Card.State.ACTIVE,
        chip_slug="copy",
        issued_on=card.issued_on,
        expires_on=card.expires_on,
        personalised_at=NOW,
        portal_code_sealed=b"",
    )
    for state in Card.LIVE:
        copy.state = state
        with pytest.raises(IntegrityError), transaction.atomic(using=REGISTRY):
            copy.save(force_insert=True)


def test_the_database_refuses_two_live_certificates_of_a_purpose() -> None:
    card = in_use()
    row = card.certificates.get(purpose="SIGNATURE")
    row.serial = "1"
    with pytest.raises(IntegrityError), transaction.atomic(using=REGISTRY):
        row.save(force_insert=True)


def test_the_database_wants_a_reason_and_a_time_for_each_revocation() -> None:
    card = in_use()
    with pytest.raises(IntegrityError), transaction.atomic(using=REGISTRY):
        Certificate.objects.filter(card=card).update(state="REVOKED")
    with pytest.raises(IntegrityError), transaction.atomic(using=REGISTRY):
        Certificate.objects.filter(card=card).update(revoked_at=timezone.now())


def test_usable_until_the_last_day_in_japan() -> None:
    card = in_use()
    last = dt.datetime(2036, 4, 15, 14, 59, 59, tzinfo=dt.UTC)
    assert card.is_usable(at=last)
    assert not card.is_usable(at=last + dt.timedelta(seconds=1))
    assert not lifecycle.suspend(card=card, at=LATER).is_usable(at=LATER)
