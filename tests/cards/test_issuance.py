"""From the application to a card in use."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from django.db import IntegrityError

from cards import issuance, lifecycle
from cards.chip.memory import CardRemoved
from cards.models import Card, Certificate
from residents.changes import record_death
from tests.cards.chips import NUMBER, PASSWORD, PIN, SUPPORT, say, verify
from tests.cards.people import NOW, chip, in_use, issued, new_code, person, terminal
from tests.residents.people import CLERK, SAKURA
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]


def test_issue_makes_a_row_and_a_blank_chip() -> None:
    card = issued(slug="hanako")
    assert (card.state, card.personalised_at, card.chip_slug) == ("IN_PRODUCTION", None, "hanako")
    assert (card.issued_on, card.expires_on) == (dt.date(2026, 6, 1), dt.date(2036, 4, 15))
    with issuance.chip_file(card).opened() as memory:
        assert memory.keys == {}
        assert memory.printed["name"] == "山田　花子"
        assert set(memory.pins) == {
            "authentication", "support", "registry", "signature", "code-b", "surface-code-b", "surface-birth",
        }  # fmt: skip
    assert not card.certificates.exists()


def test_personalising_makes_keys_certificates_and_the_number() -> None:
    card = in_use()
    assert (card.state, card.personalised_at) == ("ACTIVE", NOW)
    rows = {row.purpose: row for row in card.certificates.all()}
    assert set(rows) == {"USER_AUTHENTICATION", "SIGNATURE"}
    assert terminal(card).certificate() == bytes(rows["USER_AUTHENTICATION"].der)
    for row in rows.values():
        certificate = x509.load_der_x509_certificate(bytes(row.der))
        assert f"{certificate.serial_number:x}" == row.serial
        assert row.not_after == dt.datetime(2031, 4, 15, 14, 59, 59, tzinfo=dt.UTC)
    assert rows["SIGNATURE"].shard == "132047"
    assert len(rows["USER_AUTHENTICATION"].shard) == 3
    reading = chip(card)
    say(reading, SUPPORT, verify(PIN, 0x91))
    assert say(reading, "00B0810000").startswith("ff100c")


def test_the_chips_keys_belong_to_the_certificates() -> None:
    card = in_use()
    signature = terminal(card).sign(pin=PIN, digest=bytes(32))
    assert len(signature) == 256


def test_personalising_again_changes_nothing() -> None:
    card = in_use()
    before = set(card.certificates.values_list("serial", flat=True))
    keys = terminal(card).certificate()
    issuance.personalise(card=card, at=NOW + dt.timedelta(days=1))
    assert set(card.certificates.values_list("serial", flat=True)) == before
    assert terminal(card).certificate() == keys


def test_a_crash_before_the_chip_was_written_is_made_good() -> None:
    card = in_use()
    store = issuance.chip_file(card)
    with store.opened() as memory:
        for name in [*memory.files]:
            if "certificate" in name or name == "number":
                del memory.files[name]
        store.write(memory)
    issuance.personalise(card=card, at=NOW)
    row = card.certificates.get(purpose="USER_AUTHENTICATION")
    assert terminal(card).certificate() == bytes(row.der)


def test_under_fifteen_there_is_no_signature_function() -> None:
    card = in_use(person(SAKURA))
    assert [row.purpose for row in card.certificates.all()] == ["USER_AUTHENTICATION"]
    assert card.expires_on == dt.date(2031, 2, 10)


def test_cards_are_for_people_on_the_register() -> None:
    resident = person()
    record_death(resident=resident, on=dt.date(2026, 5, 1), by=CLERK, at=NOW)
    with pytest.raises(issuance.NotEntitled):
        issued(resident)
    assert not Card.objects.exists()


def test_one_card_on_its_way_and_one_in_use() -> None:
    resident = person()
    in_use(resident)
    issued(resident)
    with pytest.raises(IntegrityError):
        issued(resident)


def test_a_new_card_replaces_the_old_one() -> None:
    resident = person()
    old = in_use(resident)
    new = in_use(resident, at=NOW + dt.timedelta(days=30))
    old.refresh_from_db()
    assert (old.state, new.state) == ("REPLACED", "ACTIVE")
    assert {(c.state, c.reason) for c in old.certificates.all()} == {("REVOKED", "superseded")}
    assert [event.state for event in old.events.all()] == ["IN_PRODUCTION", "ACTIVE", "REPLACED"]


def test_a_refused_issue_leaves_no_chip(settings) -> None:
    resident = person()
    issued(resident)
    with pytest.raises(IntegrityError):
        issued(resident, slug="second")
    assert not (settings.CARDS_DIR / "second.card").exists()


def test_new_certificates_on_a_card_in_use() -> None:
    card = in_use()
    before = terminal(card).certificate()
    issuance.renew_certificates(card=card, at=NOW + dt.timedelta(days=3))
    assert terminal(card).certificate() != before
    states = Certificate.objects.filter(card=card).values_list("purpose", "state")
    assert sorted(states) == [
        ("SIGNATURE", "REVOKED"), ("SIGNATURE", "VALID"),
        ("USER_AUTHENTICATION", "REVOKED"), ("USER_AUTHENTICATION", "VALID"),
    ]  # fmt: skip


def test_no_new_certificates_on_a_stopped_card() -> None:
    card = in_use()
    lifecycle.suspend(card=card, at=NOW)
    with pytest.raises(lifecycle.NotPossible):
        issuance.renew_certificates(card=card, at=NOW)


def test_a_card_that_is_not_in_the_reader_cannot_be_personalised() -> None:
    card = issued()
    issuance.chip_file(card).path.unlink()
    with pytest.raises(CardRemoved):
        issuance.personalise(card=card, at=NOW)
    card.refresh_from_db()
    assert card.state == "IN_PRODUCTION"


def test_codes_are_sealed_to_their_card() -> None:
    resident = person()
    code = new_code()
    card = issuance.issue(resident=resident, pin=PIN, signature_password=PASSWORD, at=NOW, portal_code=code)
    card = Card.objects.get(pk=card.pk)
    assert card.portal_code() == code
    assert card.staff_code() is None
    assert code.value not in bytes(card.portal_code_sealed)


def test_rows_show_nothing() -> None:
    card = in_use()
    row = card.certificates.first()
    for thing in (card, row, *card.events.all()):
        for text in (str(thing), repr(thing)):
            assert not any(secret in text for secret in ("花子", NUMBER, str(card.pk), row.serial, card.chip_slug))
