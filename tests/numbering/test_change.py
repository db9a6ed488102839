"""A change of number: two clerks, a ground, a new number, and the old one never again."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from databases import REGISTRY
from numbering import assignment, change, vault
from numbering.assignment import assign, transform
from numbering.models import IssuedNumber, NumberChange, NumberState
from residents.models import Resident
from tests.numbering.people import resident
from tests.support import DATABASES

pytestmark = DATABASES

NOW = timezone.now()


def with_number() -> tuple[Resident, str]:
    who = resident()
    return who, vault.open_number(assign(resident=who, at=NOW))


def changed(who: Resident) -> str:
    asked = change.request(resident=who, reason="NUMBER_LEAKED", by="clerk-1", at=NOW)
    return vault.open_number(change.approve(change=asked, by="clerk-2", at=NOW))


def test_a_change_retires_the_old_number_and_issues_another() -> None:
    who, old = with_number()
    new = changed(who)
    assert new != old
    former = vault.find(old)
    assert former is not None
    assert (former.state, former.retired_at, former.reason) == ("RETIRED", NOW, "NUMBER_LEAKED")
    assert IssuedNumber.objects.get(resident=who, state=NumberState.CURRENT) == vault.find(new)
    assert vault.open_number(assign(resident=who, at=NOW)) == new


def test_the_same_code_never_leads_to_a_former_number() -> None:
    who, first = with_number()
    numbers = [first] + [changed(who) for _ in range(5)]
    assert len(set(numbers)) == 6
    assert IssuedNumber.objects.filter(resident=who, state="RETIRED").count() == 5


def test_a_former_number_is_not_given_to_anyone(monkeypatch: pytest.MonkeyPatch) -> None:
    who, old = with_number()
    changed(who)
    monkeypatch.setattr(assignment, "transform", lambda code, n: old if n == 0 else transform(code, n))
    assert vault.open_number(assign(resident=resident(), at=NOW)) != old


def test_two_clerks_and_a_ground() -> None:
    who, old = with_number()
    with pytest.raises(change.NoGround):
        change.request(resident=who, reason="UNLUCKY_DIGITS", by="clerk-1", at=NOW)
    with pytest.raises(change.NoNumber):
        change.request(resident=resident(), reason="CARD_LOST", by="clerk-1", at=NOW)
    asked = change.request(resident=who, reason="CARD_LOST", by="clerk-1", at=NOW)
    with pytest.raises(change.SameClerk):
        change.approve(change=asked, by="clerk-1", at=NOW)
    with pytest.raises(change.AnotherChangeOpen):
        change.request(resident=who, reason="NUMBER_LEAKED", by="clerk-2", at=NOW)
    assert vault.find(old).state == "CURRENT"  # type: ignore[union-attr]


def test_requesting_and_approving_again_change_nothing_more() -> None:
    who, _ = with_number()
    first = change.request(resident=who, reason="CARD_LOST", by="clerk-1", at=NOW)
    assert change.request(resident=who, reason="CARD_LOST", by="clerk-2", at=NOW) == first
    new = change.approve(change=first, by="clerk-2", at=NOW)
    assert change.approve(change=first, by="clerk-2", at=NOW) == new
    assert (NumberChange.objects.count(), IssuedNumber.objects.count()) == (1, 2)


def test_the_database_itself_keeps_the_rules() -> None:
    who, old = with_number()
    asked = change.request(resident=who, reason="CARD_LOST", by="clerk-1", at=NOW)
    changes, numbers = NumberChange.objects.filter(pk=asked.pk), IssuedNumber.objects.filter(resident=who)
    attacks = [
        lambda: changes.update(approved_by="clerk-1", approved_at=NOW),
        lambda: numbers.update(state="RETIRED"),  # without day and ground
        lambda: numbers.update(resident=resident()),
        lambda: numbers.delete(),
        lambda: changes.delete(),
    ]
    for attack in attacks:
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic(using=REGISTRY):
            attack()
    change.approve(change=asked, by="clerk-2", at=NOW)
    former = numbers.filter(state="RETIRED")
    for attack in (
        lambda: former.update(state="CURRENT", retired_at=None, reason=""),
        lambda: changes.update(reason="NUMBER_LEAKED"),
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic(using=REGISTRY):
            attack()
    assert vault.find(old) is not None
