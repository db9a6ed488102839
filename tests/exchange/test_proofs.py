"""The citizen's file: complete, only hers, proved, and small in cost; the offline program finds every change."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from exchange import ledger, looks, proofs, tree
from exchange.models import Checkpoint, Leaf
from tests.exchange.people import CHOFU, HANAKO, KENJI, NOW, agency, ask, hold_income, portal_code
from tests.exchange.test_ledger import write
from tests.exchange.test_sequencer import prepared
from tests.support import DATABASES
from tools import verify_records

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def file_of(person: bytes = HANAKO, **options) -> dict:
    """The download as it reaches her: through JSON."""
    return json.loads(json.dumps(proofs.of_citizen(portal_code=portal_code(person), at=NOW, **options)))


def faults(content: dict, **options) -> list[str]:
    return list(verify_records.check(content, **{"keys": [], "witnesses": [], **options}))


@pytest.fixture
def life() -> str:
    """Some of Hanako's records among other people's; the reference of an inquiry about her."""
    hold_income(HANAKO)
    ask(KENJI)
    reference = ask().record
    looks.record(agency=agency(CHOFU), subject=ledger.subject_of(portal_code(HANAKO)), purpose="MOVING",
                 case_number="7", clerk="c", what="register", at=NOW)  # fmt: skip
    ask(KENJI)
    return reference


def test_the_file_holds_her_records_and_no_others(life):
    content = file_of()
    assert [len(record["entries"]) for record in content["records"]] == [2, 1]
    assert content["records"][0]["reference"] == life
    assert content["withheld"] == 0
    sides = [json.loads(entry["side"]) for record in content["records"] for entry in record["entries"]]
    assert {side["subject"] for side in sides} == {ledger.subject_of(portal_code(HANAKO)).hex()}
    assert sides[0]["case_number"] == "2026-0042"
    assert faults(content) == []
    assert faults(content, keys=[str(tree.verifiers()[0])]) == []


def test_one_record_alone(life):
    content = proofs.of_record(portal_code=portal_code(HANAKO), reference=life, at=NOW)
    assert [record["reference"] for record in content["records"]] == [life]
    assert faults(content) == []
    assert proofs.of_record(portal_code=portal_code(KENJI), reference=life, at=NOW) is None


def test_a_withheld_record_is_counted_and_not_given(life):
    write(is_withheld=True, disclosed_from=(NOW + timedelta(days=9)).date())
    content = file_of()
    assert (len(content["records"]), content["withheld"]) == (2, 1)
    later = proofs.of_citizen(portal_code=portal_code(HANAKO), at=NOW + timedelta(days=9))
    assert (len(later["records"]), later["withheld"]) == (3, 0)


def test_nobody_gets_a_file_that_is_well(life):
    empty = file_of(bytes([77]) * 32)
    assert (empty["records"], faults(empty)) == ([], [])


def test_a_file_from_before_the_first_record_is_well():
    assert faults(file_of()) == []


def test_an_earlier_file_is_proved_to_be_continued(life):
    earlier = file_of()
    size = Checkpoint.objects.order_by("-size").first().size
    for count in (1, 2, 300):
        ledger.record_all(prepared(count, subject=bytes(32)))
        later = file_of(since=size)
        assert verify_records.compare(earlier, later, keys=[]) == []
        without = {key: value for key, value in later.items() if key != "since"}
        assert f"give {size} as the size" in verify_records.compare(earlier, without, keys=[])[0]
        proof = proofs.consistency(old=size, new=Leaf.objects.count())
        assert verify_records.compare(earlier, without, keys=[], proof=proof) == []
        assert len(verify_records.compare(later, earlier, keys=[])) >= 1
    for since in (0, -1, 10_000):
        with pytest.raises(ValueError, match="never had this size"):
            file_of(since=since)


def test_other_peoples_records_cost_her_file_nothing(life):
    costs = []
    for count in (10, 500, 1500):
        ledger.record_all(prepared(count, subject=bytes(32)))
        code = portal_code(HANAKO)
        with CaptureQueriesContext(connections["exchange"]) as queries:
            proofs.of_citizen(portal_code=code, at=NOW)
        costs.append(len(queries))
    # A tile or two more while the tree gets its second level, and then no more.
    assert costs[1] <= costs[0] + 4
    assert costs[2] == costs[1]
