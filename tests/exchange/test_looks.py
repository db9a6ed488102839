"""Every look of a clerk is on record before the page."""

from __future__ import annotations

import json

import pytest

from exchange import ledger, looks, statute
from exchange.inquiry import Refused
from exchange.models import AccessRecord, Kind, Leaf
from tests.exchange.people import CHOFU, HANAKO, NOW, PENSION, TOKYO, agency, portal_code
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def look(**changes) -> str:
    facts = {
        "agency": agency(CHOFU), "subject": ledger.subject_of(portal_code(HANAKO)), "purpose": "moving in",
        "case_number": "2026-7", "clerk": "c1e4k", "what": "register", "at": NOW,
    }  # fmt: skip
    return looks.record(**{**facts, **changes})


@pytest.mark.parametrize(
    ("what", "row"),
    [
        ("register", "L91"),
        ("search", "L92"),
        ("search-arrivals", "L92"),
        ("number", "L93"),
        ("code-issue", "L94a"),
        ("protection", "L95"),
    ],
)
def test_each_kind_of_look_names_its_row(what, row):
    reference = look(what=what)
    body = json.loads(Leaf.objects.get().body)
    assert (body["kind"], body["row"], body["inquirer"], body["provider"]) == ("LOOK", row, CHOFU, "")
    assert reference == ledger.reference(AccessRecord.objects.get().event, "inquirer")


def test_who_and_why_is_sealed():
    look(what="search: name birth_date")
    private = ledger.private_of(AccessRecord.objects.get())
    assert (private["clerk"], private["case_number"], private["purpose"], private["what"]) == (
        "c1e4k", "2026-7", "moving in", "search: name birth_date",
    )  # fmt: skip
    for word in ("c1e4k", "2026-7", "moving", "birth"):
        assert word not in Leaf.objects.get().body
        assert word.encode() not in bytes(AccessRecord.objects.get().private_sealed)


def test_a_search_concerns_nobody_yet():
    look(subject=None, what="search: name")
    assert AccessRecord.objects.get().subject is None


def test_what_no_row_names_is_refused_on_record():
    for changes in ({"what": "diary"}, {"agency": agency(TOKYO)}, {"agency": agency(PENSION), "what": "number"}):
        with pytest.raises(Refused):
            look(**changes)
    assert [row.phase for row in AccessRecord.objects.all()] == ["REFUSED"] * 3


def test_who_is_told_is_named_and_needs_no_ground_of_its_own():
    told = looks.Look(agency=agency(CHOFU), subject=b"s" * 32, what="protection", told=agency(PENSION))
    assert len(looks.record_all([told, told], at=NOW)) == 2
    bodies = [json.loads(leaf.body) for leaf in Leaf.objects.all()]
    assert [(body["row"], body["inquirer"], body["provider"]) for body in bodies] == [("L95", CHOFU, PENSION)] * 2


def test_every_ground_has_a_row():
    rows = {(rule.affair.code, rule.data_set.code) for rule in statute.rules().values() if rule.kind == Kind.LOOK}
    assert set(looks.GROUNDS.values()) == rows
