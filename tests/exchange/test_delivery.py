"""A delivery is permitted, recorded, addressed by code, and closed."""

from __future__ import annotations

import json

import pytest

from codes import rist1
from codes.rist1 import Code, MalformedCode
from exchange import delivery, ledger, statute
from exchange.inquiry import Refused
from exchange.models import AccessRecord, Leaf
from tests.exchange.people import CHILD_ALLOWANCE, CHOFU, HANAKO, NOW, PENSION, agency, code_at, portal_code
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def begin(**changes):
    sender = changes.pop("sender", None) or agency(CHOFU)
    facts = {"code": changes.pop("code", None) or code_at(sender, HANAKO), "affair": CHILD_ALLOWANCE, "at": NOW}
    return delivery.begin(sender=sender, **{**facts, "what": delivery.NOTICE, **changes})


@pytest.mark.parametrize("affair", [CHILD_ALLOWANCE, "JM90000000000020"])
@pytest.mark.parametrize("what", [delivery.NOTICE, delivery.CHARGE])
def test_notices_and_charges_of_the_story_are_permitted(affair, what):
    opened = begin(affair=affair, what=what)
    assert opened.portal_code == portal_code(HANAKO)
    delivery.complete(opened, at=NOW)
    asked, answered = (json.loads(leaf.body) for leaf in Leaf.objects.order_by("index"))
    assert (asked["phase"], answered["phase"], answered["outcome"]) == ("ASKED", "ANSWERED", "0000")
    assert asked["row"] == answered["row"] == opened.rule.row
    assert opened.record == ledger.reference(AccessRecord.objects.first().event, "inquirer")


def test_it_is_recorded_before_it_is_delivered():
    begin()
    assert AccessRecord.objects.get().phase == "ASKED"


@pytest.mark.parametrize("changes", [{"affair": "JM90000000000017"}, {"what": "TM00000000000002"}, {"what": ""}])
def test_without_a_row_it_is_refused_and_on_record(changes):
    with pytest.raises(Refused) as refusal:
        begin(**changes)
    assert (refusal.value.code, AccessRecord.objects.get().phase) == ("2001", "REFUSED")


def test_another_kind_of_agency_has_no_row():
    with pytest.raises(Refused):
        begin(sender=agency(PENSION))


def test_a_code_of_nobody_is_delivered_like_any_other():
    begin()
    opened = begin(code=Code(rist1.person_point(b"nobody".ljust(32)), 1))
    assert opened.portal_code not in (portal_code(HANAKO), None)


def test_a_malformed_code_leaves_nothing():
    with pytest.raises(MalformedCode):
        begin(code=Code(bytes(32), 1))
    assert not Leaf.objects.exists()


def test_what_can_be_delivered_is_named_in_the_data_sets():
    assert {delivery.NOTICE, delivery.CHARGE} <= set(statute.data_sets())
    assert repr(begin()) == "<Delivery>"
