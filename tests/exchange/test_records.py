"""A citizen reads her records: all of hers, none of others', at a cost that others' records do not change."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from exchange import decisions, delivery, ledger, looks, records, self_inquiry, standing
from exchange.inquiry import Refused
from exchange.models import Kind, Phase
from tests.exchange.people import (
    CHILD_ALLOWANCE,
    CHOFU,
    HANAKO,
    KENJI,
    LOCAL_TAX,
    MITAKA,
    NOW,
    TARO,
    TOTAL_INCOME,
    agency,
    ask,
    code_at,
    hold_income,
    portal_code,
)
from tests.exchange.waiting import LATER, TOO_LATE, ask_and_wait, reference
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def hers(person=HANAKO, at=NOW, **changes) -> list[records.Record]:
    return records.of_citizen(portal_code=portal_code(person), at=at, **changes)


def refused(person=HANAKO) -> str:
    with pytest.raises(Refused) as refusal:
        ask(person, affair="JM00000000000000")
    return refusal.value.record


def looked(person=HANAKO, **changes) -> str:
    facts = {
        "agency": agency(CHOFU), "subject": ledger.subject_of(portal_code(person)), "purpose": "moving in",
        "case_number": "7", "clerk": "pseudonym", "what": "register", "at": NOW,
    }  # fmt: skip
    return looks.record(**{**facts, **changes})


def test_an_inquiry_is_one_record_with_its_answer():
    hold_income(HANAKO)
    answer = ask(at=NOW)
    (record,) = hers()
    assert (record.reference, record.kind, record.row) == (answer.record, Kind.INQUIRY, "I01")
    assert (record.inquirer.local_code, record.provider.local_code) == (CHOFU, MITAKA)
    assert (record.outcome, record.is_refused, record.purpose) == ("0000", False, "")
    assert record.asked_at == record.answered_at == NOW.replace(microsecond=0)
    assert (record.affair_name, record.data_set_name) == ("児童手当の認定・額の改定", "地方税関係情報")
    assert (record.item_names, record.legal_basis) == (["合計所得金額"], "番号法第19条第8号")
    with translation.override("en"):
        assert (record.inquirer.name, record.item_names, record.outcome_text) == (
            "Chofu City", ["Total income"], "Information was provided",
        )  # fmt: skip
        assert record.legal_basis == "My Number Act, article 19, item 8"


def test_a_refusal_is_on_her_list_without_a_basis():
    reference = refused()
    (record,) = hers()
    assert (record.reference, record.is_refused, record.outcome, record.legal_basis) == (reference, True, "2001", "")
    with translation.override("en"):
        assert record.outcome_text == "Refused: no law allows it"
        assert record.affair_name == "An affair that the law does not know"


def test_an_answer_that_never_came_is_shown_as_such():
    ledger.record(
        ledger.Event(
            kind=Kind.INQUIRY, inquirer=agency(CHOFU), provider=agency(MITAKA), affair=CHILD_ALLOWANCE,
            data_set=LOCAL_TAX, items=(TOTAL_INCOME,), subject=ledger.subject_of(portal_code(HANAKO)), private={},
        ),
        phase=Phase.ASKED,
        at=NOW,
    )  # fmt: skip
    (record,) = hers()
    assert (record.outcome, record.answered_at) == ("", None)
    with translation.override("en"):
        assert record.outcome_text == "No answer is on record"


def test_a_look_shows_its_purpose_and_neither_clerk_nor_case():
    reference = looked()
    (record,) = hers()
    assert (record.reference, record.kind, record.purpose, record.provider) == (reference, Kind.LOOK, "moving in", None)
    assert record.answered_at == record.asked_at
    assert "pseudonym" not in str([getattr(record, name) for name in record.__slots__])


def test_every_kind_is_there_newest_first():
    hold_income(HANAKO)
    first = ask().record
    second = refused()
    third = looked()
    own = self_inquiry.ask(portal_code=portal_code(HANAKO), provider=agency(MITAKA), data_set=LOCAL_TAX, at=NOW)
    opened = delivery.begin(
        sender=agency(CHOFU), code=code_at(agency(CHOFU), HANAKO), affair=CHILD_ALLOWANCE, what=delivery.NOTICE, at=NOW
    )
    delivery.complete(opened, at=NOW)
    assert [record.reference for record in hers()] == [opened.record, own.record, third, second, first]
    assert [record.kind for record in hers()] == ["DELIVERY", "SELF", "LOOK", "INQUIRY", "INQUIRY"]


def test_no_one_elses_records_are_hers():
    ask(TARO)
    looked(KENJI)
    looks.record(
        agency=agency(CHOFU), subject=None, purpose="search", case_number="", clerk="x", what="search: name", at=NOW
    )
    assert hers() == []
    assert len(hers(TARO)) == 1


def test_one_record_is_found_by_its_owner_only():
    reference = ask().record
    assert records.one(portal_code=portal_code(HANAKO), reference=reference, at=NOW).reference == reference
    assert records.one(portal_code=portal_code(HANAKO), reference=uuid.UUID(reference), at=NOW) is not None
    assert records.one(portal_code=portal_code(TARO), reference=reference, at=NOW) is None
    assert records.one(portal_code=portal_code(HANAKO), reference=str(uuid.uuid4()), at=NOW) is None


def test_the_providers_id_of_the_event_is_no_reference():
    ask()
    event = ledger.event_of(hers()[0].reference, "inquirer")
    for other in (str(event), ledger.reference(event, "provider")):
        assert records.one(portal_code=portal_code(HANAKO), reference=other, at=NOW) is None


def test_pages_follow_each_other_without_gap_or_repeat():
    written = [ask().record for _ in range(7)]
    ask(TARO)
    seen, before = [], None
    while page := hers(before=before, limit=3):
        seen += [record.reference for record in page]
        before = seen[-1]
    assert seen == written[::-1]


def test_a_page_after_a_record_that_is_not_hers_is_refused():
    other = ask(TARO).record
    for before in (other, str(uuid.uuid4()), "7", ""):
        with pytest.raises(ValueError):
            hers(before=before)


def test_withheld_records_are_counted_and_shown_on_their_day():
    event = {
        "kind": Kind.INQUIRY, "inquirer": agency(CHOFU), "provider": agency(MITAKA), "affair": CHILD_ALLOWANCE,
        "data_set": LOCAL_TAX, "items": (TOTAL_INCOME,), "private": {},
        "subject": ledger.subject_of(portal_code(HANAKO)),
    }  # fmt: skip
    for day in (None, date(2026, 12, 1)):
        withheld = ledger.Event(**event, is_withheld=True, disclosed_from=day)
        for phase in (Phase.ASKED, Phase.ANSWERED):
            ledger.record(withheld, phase=phase, at=NOW)
    code = portal_code(HANAKO)
    reference = ledger.reference(withheld.id, "inquirer")
    assert hers() == []
    assert records.one(portal_code=code, reference=reference, at=NOW) is None
    assert records.withheld_count(portal_code=code, at=NOW) == 2
    assert records.withheld_count(portal_code=portal_code(TARO), at=NOW) == 0
    assert records.next_disclosure(portal_code=code, at=NOW) == date(2026, 12, 1)
    day = NOW.replace(month=11, day=30, hour=15)  # midnight of 1 December in Japan
    assert [record.reference for record in hers(at=day)] == [reference]
    assert hers(at=day - timedelta(minutes=40)) == []
    assert records.withheld_count(portal_code=code, at=day) == 1
    assert records.next_disclosure(portal_code=code, at=day) is None


def test_the_number_of_queries_does_not_grow():
    counts = []
    code = portal_code(HANAKO)
    for _ in range(3):
        hold_income(HANAKO)
        ask()
        looked()
        ask(TARO)
        with CaptureQueriesContext(connections["exchange"]) as queries:
            assert records.of_citizen(portal_code=code, at=NOW)
        # Scalars are kept by the process, but not inside the transaction of a test.
        counts.append(sum("codescalar" not in query["sql"] for query in queries))
    assert counts == [4, 4, 4]


def test_the_page_is_found_by_an_index_on_the_subject():
    """Cost independent of other people's records: the index finds and orders her rows, and no other is read."""
    connection = connections["exchange"]
    with CaptureQueriesContext(connection) as queries:
        hers()
    (page, *_rest) = [query["sql"] for query in queries if '"exchange_accessrecord"."subject" =' in query["sql"]]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table this small would be read whole; the question is whether the index could serve.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' * (connection.vendor == 'sqlite')}{page}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "record_of_subject" in plan
    assert not any(word in plan for word in ("SCAN", "Seq Scan", "TEMP B-TREE", "Sort"))


def test_nothing_shows_in_repr():
    ask()
    assert repr(hers()) == "[<Record>]"


@pytest.mark.parametrize(
    ("end", "outcome", "english", "japanese"),
    [
        ("", "0109", "Not yet: somebody at the provider decides whether it is given", "まだ回答がありません"),
        ("decline", "4001", "Nothing was given: the provider declined", "回答しないことにしました"),
        ("cancel", "4002", "Nothing was given: who asked took the question back", "照会を取り消しました"),
        ("overdue", "5002", "Nothing was given: no answer came in time", "期限までに回答がありませんでした"),
        ("approve", "0000", "Information was provided", "提供されました"),
    ],
)
def test_what_waits_and_how_it_ended_is_told_in_plain_words(end, outcome, english, japanese):
    answer = ask_and_wait()
    acts = {
        "decline": lambda: decisions.decline(provider=agency(MITAKA), reference=reference(), at=LATER),
        "approve": lambda: decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER),
        "cancel": lambda: standing.cancel(inquirer=agency(CHOFU), record=answer.record, at=LATER),
        "overdue": lambda: standing.end_overdue(at=TOO_LATE),
    }
    if end:
        acts[end]()
    (record,) = records.of_citizen(portal_code=portal_code(HANAKO), at=TOO_LATE)
    assert (record.outcome, record.is_pending, record.answered_at is None) == (outcome, not end, not end)
    assert record.has_ended_without_answer == (end in ("decline", "cancel", "overdue"))
    with translation.override("en"):
        assert record.outcome_text == english
    with translation.override("ja"):
        assert japanese in record.outcome_text
