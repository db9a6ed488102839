"""Many cards put into use at once: the same as one by one, in a number of queries that does not grow with them."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.core.management import call_command
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cards import audit, certification, issuance, lifecycle, publication
from cards.application_models import CertificatePair, CertificateSuccession
from cards.certification import Made
from cards.chip import personalisation
from cards.models import Card, CardEvent, Certificate
from databases import REGISTRY, rows
from tests.cards import chips
from tests.cards.certificates import publishing  # noqa: F401
from tests.cards.chips import PIN
from tests.cards.people import NOW, in_use, issued, person, terminal
from tests.residents.people import HANAKO, SAKURA, TARO
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places", "publishing")]


@pytest.fixture
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chips that have keys of their own at once."""
    pool = chips.public_keys()
    monkeypatch.setattr(personalisation, "make_keys", lambda store, *, names, anew: {n: pool[n] for n in names})
    monkeypatch.setattr(personalisation, "write_certificates", lambda *args, **given: None)


def test_a_batch_is_what_one_by_one_is() -> None:
    waiting = [issued(person(who), slug=slug) for who, slug in ((HANAKO, "hanako"), (TARO, "taro"), (SAKURA, "sakura"))]
    done = list(issuance.personalise_all(cards=waiting, at=NOW, by="factory", batch=2))
    assert sorted(card.chip_slug for card in done) == ["hanako", "sakura", "taro"]
    for card in Card.objects.all():
        assert (card.state, card.personalised_at) == ("ACTIVE", NOW)
        assert list(card.events.values_list("state", "by")) == [("IN_PRODUCTION", ""), ("ACTIVE", "factory")]
        assert terminal(card).certificate() == bytes(card.certificates.get(purpose="USER_AUTHENTICATION").der)
        certificate = x509.load_der_x509_certificate(terminal(card).certificate())
        signature = terminal(card).sign(pin=PIN, digest=bytes(32))
        assert len(signature) * 8 == certificate.public_key().key_size
    # Sakura is under 15: she has no certificate for signing, and so no pair.
    assert (Certificate.objects.count(), CertificatePair.objects.count()) == (5, 2)
    for pair in CertificatePair.objects.select_related("signature", "authentication"):
        assert pair.signature.card_id == pair.authentication.card_id
    publication.publish(at=NOW)
    assert audit.check(at=NOW) == []


def test_it_passes_over_what_is_not_waiting_and_goes_on_after_a_kill() -> None:
    used, waiting, away = in_use(slug="hanako"), issued(person(TARO)), issued(person(SAKURA))
    issuance.chip_file(away).path.unlink()
    before = set(Certificate.objects.values_list("serial", flat=True))
    keys = personalisation.make_keys(issuance.chip_file(waiting))  # where an earlier run was killed
    assert [card.pk for card in issuance.personalise_all(cards=[used, waiting, away], at=NOW)] == [waiting.pk]
    assert list(issuance.personalise_all(cards=[used, waiting, away], at=NOW)) == []
    certificate = x509.load_der_x509_certificate(terminal(waiting).certificate())
    assert keys["authentication"] == certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert before <= set(Certificate.objects.values_list("serial", flat=True))
    assert Card.objects.get(pk=away.pk).state == "IN_PRODUCTION"


def test_a_card_that_was_stopped_meanwhile_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    card, make_keys = issued(), personalisation.make_keys

    def and_the_order_is_withdrawn(*args: object, **given: object) -> dict[str, bytes]:
        made = make_keys(*args, **given)
        lifecycle.revoke(card=card, at=NOW, by="clerk", state=Card.State.CANCELLED)
        return made

    monkeypatch.setattr(personalisation, "make_keys", and_the_order_is_withdrawn)
    assert list(issuance.personalise_all(cards=[card], at=NOW)) == []
    assert (Card.objects.get().state, Certificate.objects.count()) == ("CANCELLED", 0)


@pytest.mark.usefixtures("quick_keys")
def test_older_cards_are_replaced_and_certificates_linked() -> None:
    resident = person()
    older = in_use(resident)
    newer = issued(resident, at=NOW + dt.timedelta(days=30))
    list(issuance.personalise_all(cards=[newer], at=NOW + dt.timedelta(days=31)))
    assert Card.objects.get(pk=older.pk).state == "REPLACED"
    links = CertificateSuccession.objects.values_list("older__card", "newer__card", "older__state")
    assert list(links) == [(older.pk, newer.pk, "REVOKED")] * 2


def test_a_row_has_the_columns_in_their_order() -> None:
    assert [field.attname for field in rows.fields(Certificate)] == list(certification.Issued._fields)


def test_queries_do_not_grow_with_the_cards() -> None:
    keys = {certification.PURPOSES[name]: public for name, public in chips.public_keys().items()}
    made = [Made(card, card.resident.current, keys) for card in (issued(person(who)) for who in (HANAKO, TARO, SAKURA))]
    counts = []
    for some in (made[:1], made[1:]):
        with CaptureQueriesContext(connections[REGISTRY]) as queries:
            certification.put_into_use(some, at=NOW, by="")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Certificate.objects.count() == 6


def test_the_command_makes_all_waiting_cards_ready() -> None:
    issued(slug="hanako")
    said = StringIO()
    call_command("personalise_cards", stdout=said)
    call_command("personalise_cards", stdout=said)
    assert said.getvalue() == "1 cards are ready.\n0 cards are ready.\n"
    assert Card.objects.get().state == "ACTIVE"
    assert CardEvent.objects.filter(state="ACTIVE").count() == 1
