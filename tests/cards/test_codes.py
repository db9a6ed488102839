"""The sealed codes on cards enter a new epoch."""

from __future__ import annotations

import pytest

from cards import codes
from cards.models import Card
from codes import rist1
from codes.rist1 import Code
from databases import REGISTRY
from tests.cards.people import in_use, places  # noqa: F401
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]
FACTOR = rist1.new_scalar()


def changed(code: Code) -> Code:
    return Code(rist1.multiply(code.value, FACTOR), 2)


def test_every_code_of_the_epoch_is_resealed_once_and_the_other_left():
    card = in_use()
    portal_code, staff_code = card.portal_code(), Code(rist1.person_point(bytes(32)), 1)
    card.seal_codes(portal_code=portal_code, staff_code=staff_code)
    card.save(using=REGISTRY)
    how = {"epoch": portal_code.epoch, "change": changed, "batch": 1}
    assert [codes.bring(column="portal_code", **how) for _ in range(2)] == [1, 0]
    card = Card.objects.get(pk=card.pk)
    assert (card.portal_code(), card.staff_code()) == (changed(portal_code), staff_code)
    assert [codes.bring(column="staff_code", **how) for _ in range(2)] == [1, 0]
    card = Card.objects.get(pk=card.pk)
    assert (card.portal_code(), card.staff_code()) == (changed(portal_code), changed(staff_code))


def test_a_card_without_a_staff_code_stays_as_it_is():
    card = in_use()
    if card.staff_code() is not None:
        card.seal_codes(portal_code=card.portal_code(), staff_code=None)
        card.save(using=REGISTRY)
    assert codes.bring(column="staff_code", epoch=1, change=changed) == 0
