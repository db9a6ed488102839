"""A bulk inquiry: taken whole or not at all, each line an inquiry of its own, fetched in order, then erased."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agencies.models import Agency
from codes import rist1
from codes.rist1 import Code
from exchange import bulk, bulk_work, conversion, decisions, epochs, ledger, reconciliation, records, standing
from exchange.bulk import LinesRefused, NoSuchBulk, ReferenceTaken, TooMuch
from exchange.bulk_lines import Line, LineResult
from exchange.bulk_models import Bulk, BulkBatch
from exchange.models import AccessRecord, Leaf
from holdings import inquirer_copies
from holdings.models import Holding, InquiryCopy, Protection, ProvisionCopy
from holdings.periods import Period
from holdings.provide import ItemValue
from keys.sealing import CannotOpen
from tests.exchange import people, remote_side
from tests.exchange.people import (
    CHILD_ALLOWANCE,
    CHOFU,
    FIXED_ASSET_TAX,
    FUCHU,
    HANAKO,
    KENJI,
    LOCAL_TAX,
    MITAKA,
    NOW,
    PENSION,
    TARO,
    TOTAL_INCOME,
    agency,
    code_at,
    hold_income,
    portal_code,
)
from tests.exchange.waiting import by_hand, differences, reference
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def a_line(id: str, person: bytes = HANAKO, **changes: Any) -> Line:
    facts = {
        "code": changes.pop("code", None) or code_at(agency(CHOFU), person),
        "provider": MITAKA,
        "affair": CHILD_ALLOWANCE,
        "data_set": LOCAL_TAX,
        "items": (TOTAL_INCOME,),
        "condition": Period(fiscal_year=2026),
        "case_number": f"case {id}",
    }
    return Line(id=id, **facts | changes)


def hand_in(lines: Sequence[Line], reference: str = "R-1", **changes: Any) -> bulk.HandedIn:
    facts = {"inquirer": agency(CHOFU), "reference": reference, "lines": lines, "at": NOW}
    return bulk.hand_in(**facts | changes)


def work(taken: bulk.HandedIn, **changes: Any) -> bool:
    return bulk_work.work(bulk=taken.id, **{"clock": lambda: NOW} | changes)


def results(taken: bulk.HandedIn, **changes: Any) -> list[LineResult]:
    return bulk.results(inquirer=changes.pop("inquirer", None) or agency(CHOFU), bulk=taken.id, **changes)


def copies_of_inquirer() -> list[str]:
    return sorted(inquirer_copies.opened(copy)["outcome"] for copy in InquiryCopy.objects.all())


def progress(taken: bulk.HandedIn) -> bulk.Progress:
    return bulk.progress(inquirer=agency(CHOFU), bulk=taken.id)


def test_each_line_gets_its_own_outcome_and_record():
    hold_income(HANAKO, 77)
    hold_income(TARO, 88)
    taken = hand_in(
        [
            a_line("hanako"),
            a_line("nothing", KENJI),
            a_line("refused", affair="JM90000000000004", data_set="TM90000000000011"),
            a_line("too much", items=(TOTAL_INCOME, FIXED_ASSET_TAX)),
            a_line("taro", TARO),
            a_line("not registered", provider=FUCHU),
            a_line("nobody", code=Code(rist1.person_point(b"nobody".ljust(32)), 1)),
        ]
    )
    assert progress(taken).outcomes == {"0101": 7}
    assert [line.outcome for line in results(taken)] == ["0101"] * 7
    assert not Leaf.objects.exists()
    assert work(taken) is False
    found = results(taken)
    assert [(line.line, line.outcome, line.row) for line in found] == [
        ("hanako", "0000", "I01"),
        ("nothing", "0004", "I01"),
        ("refused", "2001", ""),
        ("too much", "2003", ""),
        ("taro", "0000", "I01"),
        ("not registered", "3003", "I01"),
        ("nobody", "0004", "I01"),
    ]
    assert [[item.value for item in line.items] for line in found] == [["77"], [], [], [], ["88"], [], []]
    state = progress(taken)
    assert (state.state, state.settled, state.ended_at) == ("DONE", 7, NOW)
    assert state.outcomes == {"0000": 2, "0004": 2, "2001": 1, "2003": 1, "3003": 1}
    events = {
        ledger.reference(event, ledger.INQUIRER) for event in AccessRecord.objects.values_list("event", flat=True)
    }
    assert {line.record for line in found} == events
    assert list(reconciliation.differences(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))) == []


def test_the_person_sees_a_line_like_any_inquiry():
    hold_income(HANAKO)
    taken = hand_in([a_line("1")], evidence="signed")
    work(taken)
    people.ask(HANAKO)
    single, of_bulk = records.of_citizen(portal_code=portal_code(HANAKO), at=NOW)
    assert (of_bulk.reference, of_bulk.outcome, of_bulk.row) == (results(taken)[0].record, "0000", single.row)
    opening = AccessRecord.objects.opening().order_by("leaf")[0]
    private = ledger.private_of(opening)
    assert (private["channel"], private["case_number"], private["evidence"]) == ("bulk", "case 1", "signed")
    assert private["condition"] == "2026"


def test_the_leaves_and_the_providers_records_are_those_of_single_inquiries():
    hold_income(HANAKO)
    people.ask(HANAKO)
    work(hand_in([a_line("1", case_number="2026-0042")]))
    bodies = [json.loads(leaf.body) for leaf in Leaf.objects.order_by("index")]
    own = {"id", "event", "side_hash"}
    single, of_bulk = ([{k: v for k, v in body.items() if k not in own} for body in bodies[n : n + 2]] for n in (0, 2))
    assert of_bulk == single
    first, second = ProvisionCopy.objects.values("agency", "code", "inquirer", "data_set", "items", "outcome", "at")
    assert first == second


def test_the_same_again_is_the_same_bulk_and_other_lines_are_refused():
    lines = [a_line("1"), a_line("2", TARO)]
    first = hand_in(lines)
    again = hand_in(list(lines))
    assert (first.is_new, again.is_new, again.id, again.lines) == (True, False, first.id, 2)
    for other in (lines[:1], lines[::-1], [*lines, a_line("3")], [a_line("1", case_number="x"), lines[1]]):
        with pytest.raises(ReferenceTaken):
            hand_in(other)
    other_agency = hand_in([a_line("1", code=code_at(agency(FUCHU), HANAKO))], inquirer=agency(FUCHU))
    assert (other_agency.is_new, other_agency.id == first.id) == (True, False)
    assert Bulk.objects.count() == 2
    work(first)
    assert hand_in(lines).is_new is False


def test_one_bad_line_refuses_all_and_says_which():
    good = code_at(agency(CHOFU), HANAKO)
    lines = [a_line(str(number), code=good) for number in range(300)]
    lines[17] = a_line("17", code=good, provider="999999")
    lines[299] = a_line("16", code=Code(good.value, 9))
    with pytest.raises(LinesRefused) as refusal:
        hand_in(lines)
    assert [(error.position, error.field) for error in refusal.value.errors] == [
        (17, "provider"),
        (299, "line"),
        (299, "code"),
    ]
    assert not BulkBatch.objects.exists()
    with pytest.raises(LinesRefused) as refusal:
        hand_in([a_line(str(number), code=good, provider="999999") for number in range(300)])
    assert [error.position for error in refusal.value.errors] == list(range(100))


def test_an_agency_may_have_so_many_open_and_hand_in_so_many_lines_a_day(settings):
    settings.BULK_OPEN, settings.BULK_LINES_A_DAY = 2, 4
    first = hand_in([a_line("1"), a_line("2", TARO)])
    hand_in([a_line("1")], "R-2")
    with pytest.raises(TooMuch) as refusal:
        hand_in([a_line("1")], "R-3")
    assert refusal.value.seconds == 60
    work(first)
    with pytest.raises(TooMuch) as refusal:
        hand_in([a_line("1"), a_line("2", TARO)], "R-3")
    assert refusal.value.seconds == int((13.5 * 3600) - 15)  # until midnight in Japan
    assert hand_in([a_line("1")], "R-3").is_new
    assert hand_in([a_line("1"), a_line("2", TARO)]).is_new is False
    bulk_work.queue_waiting(at=NOW)
    assert hand_in([a_line("1"), a_line("2", TARO)], "R-4", at=NOW + timedelta(hours=14)).is_new


def test_foreign_and_invented_bulks_look_the_same():
    taken = hand_in([a_line("1")])
    stranger = agency(FUCHU)
    for act in (
        lambda: bulk.progress(inquirer=stranger, bulk=taken.id),
        lambda: bulk.results(inquirer=stranger, bulk=taken.id),
        lambda: bulk.cancel(inquirer=stranger, bulk=taken.id, at=NOW),
        lambda: bulk.confirm(inquirer=stranger, bulk=taken.id, at=NOW),
    ):
        with pytest.raises(NoSuchBulk):
            act()
    work(taken)
    assert results(taken)[0].outcome == "3003"


def test_results_come_in_pages_in_the_order_of_the_hand_in():
    codes = people.hold_incomes([bytes([n]) * 32 for n in range(20, 35)])
    taken = hand_in([a_line(f"line {n}", code=code) for n, code in enumerate(codes)])
    work(taken)
    pages = [results(taken, after=after, limit=6) for after in (0, 6, 12, 18)]
    assert [len(page) for page in pages] == [6, 6, 3, 0]
    lines = [line for page in pages for line in page]
    assert [(line.position, line.line) for line in lines] == [(n, f"line {n}") for n in range(15)]
    assert [line.items[0].value for line in lines] == [str(n + 1) for n in range(15)]


def test_lines_are_worked_on_in_another_order_than_they_came(monkeypatch):
    persons = [bytes([n]) * 32 for n in range(20, 60)]
    codes = people.hold_incomes(persons)
    work(hand_in([a_line(str(n), code=code) for n, code in enumerate(codes)]))
    place = {ledger.subject_of(code, known_to=agency(CHOFU)): n for n, code in enumerate(codes)}
    asked = [place[bytes(row.subject)] for row in AccessRecord.objects.filter(phase="ASKED").order_by("leaf")]
    answered = [place[bytes(row.subject)] for row in AccessRecord.objects.filter(phase="ANSWERED").order_by("leaf")]
    at_mitaka = {code: n for n, code in enumerate(code_at(agency(MITAKA), person) for person in persons)}
    held = [at_mitaka[copy.code] for copy in ProvisionCopy.objects.all()]
    orders = [list(range(40)), asked, answered, held]
    assert all(sorted(order) == orders[0] for order in orders)
    assert len({tuple(order) for order in orders}) == 4


def test_nothing_of_a_line_stands_in_the_database_in_clear():
    hold_income(HANAKO, 4_120_000)
    code = code_at(agency(CHOFU), HANAKO)
    taken = hand_in([a_line("line-4711", code=code)], "my reference", evidence="signed")
    secrets = [
        code.value,
        code.value.hex().encode(),
        b"line-4711",
        b"case line",
        b"4120000",
        b"my reference",
        b"signed",
    ]
    for _ in range(2):
        rows = [*Bulk.objects.values(), *BulkBatch.objects.values()]
        held = [
            bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for row in rows for v in row.values()
        ]
        assert not [secret for secret in secrets for value in held if secret in value]
        work(taken)
    assert "line-4711" not in repr([*results(taken), Bulk.objects.all(), BulkBatch.objects.all(), taken])


def test_a_code_is_erased_with_its_outcome_and_an_answer_when_it_has_arrived(settings):
    hold_income(HANAKO, 77)
    taken = hand_in([a_line("1")], evidence="signed")
    before = bytes(BulkBatch.objects.get().sealed)
    with pytest.raises(bulk.NotEnded):
        bulk.confirm(inquirer=agency(CHOFU), bulk=taken.id, at=NOW)
    work(taken)
    assert bytes(BulkBatch.objects.get().sealed) != before
    assert bytes(Bulk.objects.get().evidence_sealed) == b""
    for _ in range(2):
        bulk.confirm(inquirer=agency(CHOFU), bulk=taken.id, at=NOW)
    assert bytes(BulkBatch.objects.get().sealed) == b""
    with pytest.raises(bulk.Erased):
        results(taken)
    assert (progress(taken).outcomes, progress(taken).erased_at) == ({"0000": 1}, NOW)


def test_answers_that_nobody_fetches_are_erased(settings):
    settings.BULK_KEEP_DAYS = 7
    taken = hand_in([a_line("1")])
    waiting = hand_in([a_line("1")], "R-2")
    work(taken)
    assert bulk.erase_old(at=NOW + timedelta(days=7)) == 0
    assert bulk.erase_old(at=NOW + timedelta(days=7, seconds=1)) == 1
    with pytest.raises(bulk.Erased):
        results(taken)
    assert len(results(waiting)) == 1


def test_cancelling_ends_what_was_not_asked():
    hold_income(HANAKO)
    taken = hand_in([a_line("1"), a_line("2", TARO, provider=FUCHU)])
    times = iter([NOW, NOW, *[NOW + timedelta(seconds=1)] * 9])
    assert bulk_work.work(bulk=taken.id, clock=lambda: next(times), until=NOW + timedelta(microseconds=1)) is True
    asked = AccessRecord.objects.count()
    bulk.cancel(inquirer=agency(CHOFU), bulk=taken.id, at=NOW)
    outcomes = sorted(line.outcome for line in results(taken))
    assert "4002" in outcomes
    assert len([line for line in results(taken) if line.outcome == "4002" and line.record]) == 0
    assert AccessRecord.objects.count() == asked
    state = progress(taken)
    assert (state.state, state.settled, state.ended_at) == ("CANCELLED", 2, NOW)
    work(taken)
    bulk.cancel(inquirer=agency(CHOFU), bulk=taken.id, at=NOW)
    assert AccessRecord.objects.count() == asked


def test_a_bulk_that_is_done_is_not_cancelled():
    taken = hand_in([a_line("1")])
    work(taken)
    bulk.cancel(inquirer=agency(CHOFU), bulk=taken.id, at=NOW)
    assert progress(taken).state == "DONE"


def test_what_the_provider_decides_by_hand_is_fetched_by_its_record():
    hold_income(HANAKO)
    hold_income(TARO)
    by_hand(HANAKO)
    taken = hand_in([a_line("1"), a_line("2", TARO), a_line("3", TARO, affair="JM90000000000099")])
    work(taken)
    waits, answered, refused = results(taken)
    assert [line.outcome for line in (waits, answered, refused)] == ["0109", "0000", "2001"]
    assert (waits.items, waits.row) == ([], "I01")
    assert copies_of_inquirer() == ["0000", "2001"]
    asked = {"inquirer": agency(CHOFU), "record": waits.record, "at": NOW}
    assert standing.result(**asked).is_pending
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=NOW)
    assert standing.result(**asked).items == [ItemValue(TOTAL_INCOME, "4120000", None)]
    assert copies_of_inquirer() == ["0000", "0000", "2001"]
    assert differences() == []


def test_a_provider_with_a_system_of_its_own_is_asked_line_by_line(tmp_path):
    at = timezone.now()
    with remote_side.real_system(remote_side.new_key(MITAKA), tmp_path):
        taken = hand_in([a_line("1"), a_line("2", KENJI)], at=at)
        work(taken, clock=timezone.now)
    answered, nothing = results(taken)
    assert (answered.outcome, nothing.outcome) == ("0000", "0004")
    assert [item.value for item in answered.items] == [remote_side.INCOME]
    assert copies_of_inquirer() == ["0000", "0004"]
    assert differences(timezone.now() + timedelta(days=1)) == []


def test_one_that_is_not_reached_is_not_obtained_and_on_record():
    Agency.objects.filter(local_code=MITAKA).update(is_hosted=False)
    taken = hand_in([a_line("1")], at=timezone.now())
    work(taken, clock=timezone.now)
    [line] = results(taken)
    assert (line.outcome, line.items) == ("5001", [])
    assert [row.phase for row in AccessRecord.objects.order_by("leaf")] == ["ASKED", "ANSWERED"]
    assert [copy.outcome for copy in ProvisionCopy.objects.all()] == copies_of_inquirer() == ["5001"]


def test_a_protected_persons_provider_copy_names_no_inquirer():
    Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
    work(hand_in([a_line("1"), a_line("2", TARO)]))
    by_code = {copy.code: copy.inquirer for copy in ProvisionCopy.objects.all()}
    assert by_code == {code_at(agency(MITAKA), HANAKO): "", code_at(agency(MITAKA), TARO): CHOFU}


def test_the_newest_copy_in_any_epoch_answers():
    hold_income(HANAKO, 25, year=2025)
    hold_income(TARO, 26, year=2025)
    epochs.begin(agency(MITAKA))
    hold_income(HANAKO, 77)
    taken = hand_in([a_line("1", condition=Period()), a_line("2", TARO, condition=Period()), a_line("3", TARO)])
    work(taken)
    assert [(line.outcome, *(item.value for item in line.items)) for line in results(taken)] == [
        ("0000", "77"),
        ("0000", "26"),
        ("0004",),
    ]
    present = conversion.current_epoch(agency(MITAKA))
    assert {copy.code.epoch for copy in ProvisionCopy.objects.all()} == {present}


def test_a_code_whose_epoch_has_closed_meanwhile_fails_alone(monkeypatch):
    taken = hand_in([a_line("1"), a_line("2", TARO)])
    monkeypatch.setattr(conversion, "stands", lambda who, epoch: False)
    work(taken)
    assert [(line.outcome, line.record) for line in results(taken)] == [("9000", ""), ("9000", "")]
    assert not Leaf.objects.exists()


def test_a_copy_that_does_not_open_fails_alone():
    hold_income(HANAKO, 1)
    hold_income(TARO, 2)
    Holding.objects.filter(code=code_at(agency(MITAKA), HANAKO)).update(payload_sealed=b"\x01\x00\x01" + bytes(40))
    taken = hand_in([a_line("1"), a_line("2", TARO)])
    work(taken)
    assert [line.outcome for line in results(taken)] == ["9000", "0000"]
    assert sorted(ProvisionCopy.objects.values_list("outcome", flat=True)) == ["0000", "9000"]


def test_other_kinds_of_agency_have_other_rows():
    pension = agency(PENSION)
    taken = hand_in([a_line("1", code=code_at(pension, HANAKO), affair="JM90000000000014")], inquirer=pension)
    work(taken)
    assert results(taken, inquirer=pension)[0].row == "I14a"


def test_a_batch_that_is_moved_to_another_agencys_bulk_does_not_open():
    hers = hand_in([a_line("1")])
    fuchu = agency(FUCHU)
    theirs = hand_in([a_line("1", code=code_at(fuchu, HANAKO))], inquirer=fuchu)
    BulkBatch.objects.filter(bulk=hers.id).update(bulk=theirs.id)
    with pytest.raises(CannotOpen):
        results(theirs, inquirer=fuchu)


def test_the_beat_takes_up_what_waits(settings):
    taken = hand_in([a_line("1")])
    assert bulk_work.queue_waiting(at=NOW) == 1
    assert progress(taken).state == "DONE"
    assert bulk_work.queue_waiting(at=NOW) == 0
