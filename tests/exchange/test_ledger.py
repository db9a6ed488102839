"""The ledger: canonical leaves, sealed side rows, and a database that keeps both."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from exchange import ledger
from exchange.ledger import Event
from exchange.models import AccessRecord, Kind, Leaf, Phase
from keys.sealing import CannotOpen, open_sealed
from tests.exchange.people import (
    CHILD_ALLOWANCE,
    CHOFU,
    HANAKO,
    LOCAL_TAX,
    MITAKA,
    NOW,
    TOTAL_INCOME,
    agency,
    portal_code,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def an_event(**changes) -> Event:
    event = Event(
        kind=Kind.INQUIRY,
        inquirer=agency(CHOFU),
        provider=agency(MITAKA),
        affair=CHILD_ALLOWANCE,
        data_set=LOCAL_TAX,
        items=(TOTAL_INCOME,),
        subject=ledger.subject_of(portal_code(HANAKO)),
        private={"case_number": "2026-0042"},
    )
    return replace(event, **changes)


def write(phase=Phase.ASKED, at=NOW, **changes) -> Leaf:
    return Leaf.objects.get(index=ledger.record(an_event(**changes), phase=phase, at=at))


def test_the_body_is_canonical_and_its_hash_that_of_the_rfc():
    leaf = write()
    content = json.loads(leaf.body)
    assert leaf.body == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert bytes(leaf.hash) == hashlib.sha256(b"\x00" + leaf.body.encode()).digest()
    assert sorted(content) == [
        "affair", "at", "data_set", "event", "id", "inquirer", "items", "kind", "outcome", "phase", "provider", "row",
        "side_hash", "version",
    ]  # fmt: skip
    assert (content["version"], content["id"]) == (1, str(leaf.id))


def test_the_leaf_has_nothing_of_the_person():
    leaf = write()
    record = leaf.record
    assert "2026-0042" not in leaf.body
    for value in (bytes(record.subject).hex(), str(record.event), portal_code(HANAKO).value.hex()):
        assert value not in leaf.body


def test_the_leaf_binds_the_side_row_by_a_salted_hash():
    leaf = write()
    side = open_sealed(
        "record-seal", leaf.record.private_sealed, context=f"exchange.AccessRecord.private_sealed:{leaf.id}"
    )
    assert json.loads(leaf.body)["side_hash"] == hashlib.sha256(side).hexdigest()
    content = ledger.private_of(leaf.record)
    assert content == {
        "case_number": "2026-0042",
        "disclosed_from": "2026-11-22",
        "event": str(leaf.record.event),
        "subject": bytes(leaf.record.subject).hex(),
    }


def test_equal_side_rows_have_different_hashes():
    event = an_event()
    indexes = [ledger.record(event, phase=phase, at=NOW) for phase in (Phase.ASKED, Phase.ANSWERED)]
    first, second = (json.loads(Leaf.objects.get(index=index).body) for index in indexes)
    assert first["side_hash"] != second["side_hash"]


def test_a_sealed_side_moved_to_another_record_does_not_open():
    first, second = write(), write()
    first.record.private_sealed = second.record.private_sealed
    with pytest.raises(CannotOpen):
        ledger.private_of(first.record)


def test_indexes_are_contiguous_from_zero():
    assert [write().index for _ in range(5)] == [0, 1, 2, 3, 4]


def test_a_rolled_back_record_leaves_no_gap():
    write()
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="exchange"):
        Leaf.objects.create(index=1, id=uuid.uuid4(), body="{}", hash=b"", written_at=NOW)
        raise ZeroDivisionError
    assert write().index == 1


def test_times_are_kept_to_the_second_in_utc():
    leaf = write(at=datetime(2026, 11, 22, 1, 2, 3, 999999, tzinfo=UTC))
    assert (leaf.written_at.microsecond, leaf.record.at.microsecond) == (0, 0)
    assert json.loads(leaf.body)["at"] == "2026-11-22T01:02:03Z"


def test_references_differ_by_party_and_lead_back():
    event = uuid.uuid4()
    references = {party: ledger.reference(event, party) for party in ("inquirer", "provider", "log")}
    assert len({str(event), *references.values()}) == 4
    for party, reference in references.items():
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", reference)
        assert ledger.event_of(reference, party) == event
        assert ledger.event_of(uuid.UUID(reference), party) == event
    assert ledger.event_of(references["inquirer"], "provider") != event
    many = [event, uuid.uuid4(), event]
    assert ledger.references(many, "log") == [ledger.reference(each, "log") for each in many]


def test_an_event_opens_once_and_closes_once():
    event = an_event()
    for phase in (Phase.ASKED, Phase.ANSWERED):
        ledger.record(event, phase=phase, at=NOW)
        with pytest.raises(DatabaseError):
            ledger.record(event, phase=phase, at=NOW)
    with pytest.raises(DatabaseError):
        ledger.record(event, phase=Phase.REFUSED, at=NOW)
    assert Leaf.objects.count() == 2


def test_a_withheld_record_is_written_with_its_day():
    assert write().record.disclosed_from == date(2026, 11, 22)
    assert write(at=datetime(2026, 11, 22, 15, 0, tzinfo=UTC)).record.disclosed_from == date(2026, 11, 23)
    assert write(is_withheld=True).record.disclosed_from is None
    assert write(is_withheld=True, disclosed_from=date(2027, 4, 1)).record.disclosed_from == date(2027, 4, 1)


FORBIDDEN = [
    "UPDATE exchange_leaf SET body = '{}'",
    'UPDATE exchange_leaf SET "index" = "index" + 1',
    "DELETE FROM exchange_leaf",
    "UPDATE exchange_accessrecord SET subject = NULL",
    "UPDATE exchange_accessrecord SET disclosed_from = NULL",
    "DELETE FROM exchange_accessrecord",
]
FORBIDDEN_ON = {
    "sqlite": [
        "INSERT OR REPLACE INTO exchange_leaf SELECT \"index\", id, '{}', hash, written_at FROM exchange_leaf",
        "INSERT OR REPLACE INTO exchange_leaf SELECT 7, id, '{}', hash, written_at FROM exchange_leaf LIMIT 1",
        "INSERT OR REPLACE INTO exchange_accessrecord (leaf_id, event, kind, phase, subject, private_sealed,"
        " disclosed_from, at) SELECT leaf_id, event, kind, phase, NULL, private_sealed, disclosed_from, at"
        " FROM exchange_accessrecord",
    ],
    "postgresql": ["TRUNCATE exchange_leaf CASCADE", "TRUNCATE exchange_accessrecord"],
}


def test_the_database_refuses_every_change_of_a_record():
    write()
    connection = connections["exchange"]
    for statement in FORBIDDEN + FORBIDDEN_ON[connection.vendor]:
        with pytest.raises(DatabaseError), transaction.atomic(using="exchange"), connection.cursor() as cursor:
            cursor.execute(statement)
    assert (Leaf.objects.count(), AccessRecord.objects.exclude(subject=None).count()) == (1, 1)


@pytest.mark.parametrize("indexes", [[0], [2], [-1], [2, 3], [1, 3], [-1, 0], [-1, 1], [1, 1]])
def test_the_database_refuses_leaves_out_of_order(indexes):
    write()
    leaves = [Leaf(index=index, id=uuid.uuid4(), body="{}", hash=b"", written_at=NOW) for index in indexes]
    with pytest.raises(DatabaseError), transaction.atomic(using="exchange"):
        Leaf.objects.bulk_create(leaves)
    assert [leaf.index for leaf in Leaf.objects.all()] == [0]


def test_a_side_row_goes_after_seven_years_and_its_leaf_stays():
    now = datetime.now(UTC)
    kept, over = write(at=now - timedelta(days=7 * 365)), write(at=now - timedelta(days=7 * 366 + 1))
    with pytest.raises(DatabaseError), transaction.atomic(using="exchange"):
        kept.record.delete()
    over.record.delete()
    assert [row.leaf_id for row in AccessRecord.objects.all()] == [kept.index]
    assert Leaf.objects.count() == 2
