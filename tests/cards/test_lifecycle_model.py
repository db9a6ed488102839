"""No sequence of acts gives two live cards to one person, a usable certificate on a dead card, or a stop undone."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import IntegrityError, transaction
from django.db.models import F
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from cards import application, counter, handover, issuance, lifecycle, photo, production
from cards.application_models import Application, CertificateSuccession, HandOver
from cards.chip import memory, personalisation
from cards.models import Card, Certificate
from databases import REGISTRY
from tests.cards.chips import PASSWORD, PIN
from tests.cards.people import NOW, issued, new_code, person, portrait
from tests.residents.people import CLERK, HANAKO, SECOND_CLERK, TARO
from tests.support import DATABASES, scaled

pytestmark = [DATABASES, pytest.mark.soak]
ACTS = {"suspend": lifecycle.suspend, "lost": lifecycle.report_lost, "lift": lifecycle.lift, "revoke": lifecycle.revoke}
_KEYS = {
    name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("authentication", "signature")
}
REFUSED = (
    lifecycle.NotPossible, application.ApplicationRefused, handover.HandOverRefused, photo.PhotoRefused,
    issuance.NotEntitled,
)  # fmt: skip
CODE = new_code()
BY = st.sampled_from([CLERK, SECOND_CLERK])


def _quick_keys(store: memory.Store, *, names: Sequence[str], anew: bool) -> dict[str, bytes]:
    """What `make_keys` does, with keys that were made before: the model is about states."""
    form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    with store.opened() as content:
        made = {name: _KEYS[name] for name in names if name == "authentication" or name in content.pins}
        content.keys |= {name: key.private_bytes(*form) for name, key in made.items()}
        store.write(content)
    public = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return {name: key.public_key().public_bytes(*public) for name, key in made.items()}


class Lives(RuleBasedStateMachine):
    """Two people and their cards, in any order of acts, some of them refused."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="cards-"))
        self.places = override_settings(CARDS_DIR=self.directory / "cards", PKI_DIR=self.directory / "pki")
        self.places.enable()
        self.undo = transaction.atomic(using=REGISTRY)
        self.undo._from_testcase = True  # as Django's own tests do: the acts' durable blocks may stand inside
        self.undo.__enter__()
        self.people = [person(HANAKO), person(TARO)]
        self.ended: set[Any] = set()
        self.stopped: set[str] = set()
        self.at = NOW

    def teardown(self) -> None:
        transaction.set_rollback(True, using=REGISTRY)
        self.undo.__exit__(None, None, None)
        self.places.disable()
        shutil.rmtree(self.directory)

    def _card(self, number: int) -> Card:
        cards = list(Card.objects.order_by("issued_on", "pk"))
        return cards[number % len(cards)]

    @rule(who=st.integers(0, 1))
    def issue(self, who: int) -> None:
        self.at += dt.timedelta(days=1)
        pending = Card.objects.of(self.people[who]).pending().exists()
        try:
            issued(self.people[who], at=self.at)
        except IntegrityError:
            assert pending
        else:
            assert not pending

    @rule(who=st.integers(0, 1))
    def replace(self, who: int) -> None:
        """A new card, from the application to the holder's hand."""
        if not Card.objects.of(self.people[who]).pending().exists():
            self.issue(who)
        issuance.personalise(card=Card.objects.of(self.people[who]).pending().get(), at=self.at)

    @precondition(lambda self: Card.objects.exists())
    @rule(number=st.integers(0, 99))
    def personalise(self, number: int) -> None:
        issuance.personalise(card=self._card(number), at=self.at)

    @precondition(lambda self: Card.objects.exists())
    @rule(number=st.integers(0, 99), name=st.sampled_from(sorted(ACTS)))
    def act(self, number: int, name: str) -> None:
        with contextlib.suppress(lifecycle.NotPossible):
            ACTS[name](card=self._card(number), at=self.at, by=CLERK)

    @precondition(lambda self: Card.objects.exists())
    @rule(number=st.integers(0, 99))
    def renew(self, number: int) -> None:
        with contextlib.suppress(*REFUSED):
            issuance.renew_certificates(card=self._card(number), at=self.at)

    @rule(who=st.integers(0, 1), without_pins=st.booleans(), by=BY)
    def apply(self, who: int, without_pins: bool, by: str) -> None:
        self.at += dt.timedelta(days=1)
        form = application.print_form(resident=self.people[who], at=self.at)
        pending = Card.objects.of(self.people[who]).pending().exists()
        try:
            application.apply(
                application_id=form.application_id, channel="COUNTER", photo=portrait(), portal_code=CODE,
                without_pins=without_pins, by=by, at=self.at,
            )  # fmt: skip
        except application.OnItsWay:
            assert pending
        else:
            assert not pending

    @precondition(lambda self: Card.objects.exists())
    @rule(number=st.integers(0, 99), by=BY, other=BY, collector=st.sampled_from(["HOLDER", "REPRESENTATIVE", "PROXY"]),
          step=st.integers(0, 6))  # fmt: skip
    def bring_on_its_way(self, number: int, by: str, other: str, collector: str, step: int) -> None:
        """One step, or all of them in their order."""
        card = self._card(number)
        steps = [
            lambda: application.examine(card=card, by=other, at=self.at),
            lambda: production.produce(card=card, at=self.at),
            lambda: production.arrive(card=card, by=by, at=self.at),
            lambda: handover.check_identity(
                card=card, collector=collector, proof="PHOTO_DOCUMENT", collector_proof="PHOTO_DOCUMENT",
                hindrance="ILLNESS", by=by, at=self.at,
            ),
            lambda: handover.confirm(card=card, by=other, at=self.at),
            lambda: handover.hand_over(card=card, pin=PIN, signature_password=PASSWORD, by=by, at=self.at),
        ]  # fmt: skip
        for act in steps if step == 6 else [steps[step]]:
            with contextlib.suppress(*REFUSED):
                act()
            card.refresh_from_db()

    @precondition(lambda self: Card.objects.exists())
    @rule(number=st.integers(0, 99), name=st.sampled_from(["pins", "no-pins", "surface", "signature", "back", "no"]))
    def at_the_counter(self, number: int, name: str) -> None:
        card, now = self._card(number), {"by": CLERK, "at": self.at}
        with contextlib.suppress(*REFUSED):
            if name == "pins":
                counter.set_pins(card=card, pin="9876", signature_password="XYZ789", **now)
            elif name == "no-pins":
                counter.take_pins_off(card=card, **now)
            elif name == "surface":
                counter.update_surface(card=card, **now)
            elif name == "signature":
                counter.renew_signature(card=card, **now)
            elif name == "back":
                counter.give_back(card=card, **now)
            else:
                application.withdraw(card=card, **now)

    @rule(years=st.integers(1, 6))
    def years_go_by(self, years: int) -> None:
        self.at += dt.timedelta(days=365 * years)
        lifecycle.expire(at=self.at)

    @rule(who=st.integers(0, 1))
    def move(self, who: int) -> None:
        lifecycle.attributes_changed(resident=self.people[who], at=self.at)

    @invariant()
    def one_live_card(self) -> None:
        for resident in self.people:
            assert Card.objects.of(resident).live().count() <= 1
            assert Card.objects.of(resident).pending().count() <= 1

    @invariant()
    def no_usable_certificate_on_a_card_not_in_use(self) -> None:
        assert not Certificate.objects.filter(state="VALID").exclude(card__state="ACTIVE").exists()

    @invariant()
    def no_signature_without_a_password(self) -> None:
        signing = Certificate.objects.filter(state="VALID", purpose="SIGNATURE")
        assert not signing.filter(card__without_pins=True).exists()

    @invariant()
    def nothing_is_given_out_on_one_clerks_word(self) -> None:
        given = HandOver.objects.filter(handed_over_at__isnull=False)
        assert not given.filter(collector="PROXY", confirmed_at=None).exists()
        assert not Application.objects.exclude(examined_by="").filter(examined_by=F("taken_by")).exists()

    @invariant()
    def every_certificate_has_at_most_one_heir_of_the_same_person_and_purpose(self) -> None:
        for link in CertificateSuccession.objects.select_related("older__card", "newer__card"):
            assert link.older.purpose == link.newer.purpose
            assert link.older.card.resident_id == link.newer.card.resident_id
            assert link.older.state != "VALID"

    @invariant()
    def ends_are_ends(self) -> None:
        ended = set(Card.objects.filter(state__in=Card.ENDED).values_list("pk", "state"))
        assert self.ended <= ended
        self.ended = ended
        stopped = set(Certificate.objects.exclude(state="VALID").values_list("serial", flat=True))
        assert self.stopped <= stopped
        self.stopped = stopped


def test_no_sequence_of_acts_breaks_the_rules(monkeypatch) -> None:
    """1,000 sequences of 20 acts at `make soak`, a hundredth of them at `make test`."""
    monkeypatch.setattr(personalisation, "make_keys", _quick_keys)
    monkeypatch.setattr(memory.os, "fsync", lambda _: None)
    stated = scaled(1_000)
    count = stated if stated == 1_000 else stated // 10
    shape = settings(
        max_examples=count,
        stateful_step_count=20,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lives, settings=shape)
    print(f"{count} sequences")
