"""No sequence of acts gives two live cards to one person, a usable certificate on a dead card, or a stop undone."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import IntegrityError, transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from cards import issuance, lifecycle
from cards.chip import memory, personalisation
from cards.models import Card, Certificate
from databases import REGISTRY
from tests.cards.people import NOW, issued, person
from tests.residents.people import CLERK, HANAKO, TARO
from tests.support import DATABASES, scaled

pytestmark = [DATABASES, pytest.mark.soak]
ACTS = {"suspend": lifecycle.suspend, "lost": lifecycle.report_lost, "lift": lifecycle.lift, "revoke": lifecycle.revoke}
_KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def _quick_keys(store: memory.Store) -> dict[str, bytes]:
    """What `make_keys` does, with keys that were made before: the model is about states."""
    form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    with store.opened() as content:
        names = [name for name in ("authentication", "signature") if name in content.pins]
        content.keys = {name: key.private_bytes(*form) for name, key in zip(names, _KEYS, strict=False)}
        store.write(content)
    public = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return {name: key.public_key().public_bytes(*public) for name, key in zip(names, _KEYS, strict=False)}


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
        with contextlib.suppress(lifecycle.NotPossible):
            issuance.renew_certificates(card=self._card(number), at=self.at)

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
