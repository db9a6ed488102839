"""What the commission finds in the log, and that it finds nothing where all is as usual."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from agencies.models import Agency
from exchange import ledger, looks, supervision, tree, unusual_looks, witnessing
from exchange.inquiry import Refused
from exchange.ledger import Event
from exchange.models import Cosignature, Kind, Phase
from exchange.unusual_looks import Unusual
from holdings.models import ProvisionCopy
from tests.exchange.people import (
    CHILD_ALLOWANCE,
    CHOFU,
    FUCHU,
    HANAKO,
    MITAKA,
    NOW,
    TOTAL_INCOME,
    agency,
    ask,
    hold_income,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]

# A Tuesday, ten o'clock in Japan.
TEN = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def subject(number: int) -> bytes:
    return number.to_bytes(32, "big")


def look(clerk: str = "akira", person: int | None = 1, *, at: datetime = TEN, case: str = "C-1", **changes: str) -> str:
    what = changes.pop("what", "register" if person is not None else "search: name birth_date")
    return looks.record(
        agency=agency(changes.pop("who", CHOFU)), subject=None if person is None else subject(person),
        purpose="MOVING", case_number=case, clerk=clerk, what=what, at=at,
    )  # fmt: skip


def found(**changes: object) -> list[tuple[str, str, int]]:
    findings = unusual_looks.find(**{"at": TEN + DAY, **changes}).findings
    return [(finding.what.value, finding.clerk, finding.count) for finding in findings]


def a_usual_month() -> None:
    """Four clerks who search and open, each for a case, within office hours; one stays late once, one has no case."""
    for clerk in ("akira", "yumi", "naoki", "emi"):
        for number in range(4):
            at = TEN - number * 7 * DAY
            look(clerk, None, at=at, case="")
            look(clerk, number, at=at + MINUTE)
    look("yumi", 9, at=TEN - DAY + timedelta(hours=11))
    look("emi", 8, case="")


# --- unusual looks ---


def test_in_a_usual_month_nobody_stands_out() -> None:
    a_usual_month()
    assert found() == []


def test_the_same_person_again_and_again() -> None:
    a_usual_month()
    references = [look("akira", 77, at=TEN - 8 * DAY + number * MINUTE) for number in range(6)]
    (finding,) = unusual_looks.find(at=TEN + DAY).findings
    assert (finding.what, finding.agency.local_code, finding.clerk, finding.count) == ("REPEATED", CHOFU, "akira", 6)
    assert (finding.first_at, finding.last_at) == (TEN - 8 * DAY, TEN - 8 * DAY + 5 * MINUTE)
    assert finding.references == tuple(reversed(references[3:]))


def test_five_times_or_by_two_clerks_is_not_yet_unusual() -> None:
    for number in range(5):
        look("akira", 77, at=TEN + number * MINUTE)
        look("yumi", 77, at=TEN + number * MINUTE)
    assert found() == []


def test_far_more_persons_than_others_of_the_agency() -> None:
    a_usual_month()
    for number in range(30):
        look("naoki", 100 + number, at=TEN + number * MINUTE)
    assert found() == [("BUSY", "naoki", 34)]


def test_where_all_are_busy_nobody_is() -> None:
    for clerk in ("akira", "yumi", "naoki"):
        for number in range(25):
            look(clerk, number, at=TEN + number * MINUTE)
    assert found() == []


@pytest.mark.parametrize(
    ("at", "is_late"),
    [
        (datetime(2026, 11, 23, 21, 59, tzinfo=UTC), True),  # Tuesday, one minute to seven in Japan
        (datetime(2026, 11, 23, 22, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 24, 10, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 24, 11, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 20, 15, 0, tzinfo=UTC), True),  # Saturday in Japan, still Friday in London
    ],
)
def test_outside_office_hours_in_japan(at: datetime, is_late: bool) -> None:
    for number in range(3):
        look("emi", number, at=at)
    assert found() == ([("OUT_OF_HOURS", "emi", 3)] if is_late else [])


def test_without_a_case_number() -> None:
    for number in range(6):
        look("emi", number, at=TEN + number * MINUTE, case="")
        look("yumi", number, at=TEN + number * MINUTE, case="", what="number")  # its page has a reason and no case
    assert found() == [("WITHOUT_CASE", "emi", 6)]


def test_searches_in_series_with_nobody_opened() -> None:
    for number in range(10):
        look("akira", None, at=TEN + number * MINUTE, case="")
    assert found() == [("FRUITLESS", "akira", 10)]


def test_a_series_ends_with_an_opened_record_and_with_the_day() -> None:
    for number in range(18):
        look("akira", None, at=TEN + number * MINUTE, case="")
        if number == 8:
            look("akira", 5, at=TEN + number * MINUTE)
        look("yumi", None, at=TEN - (number % 2) * DAY + number * MINUTE, case="")
    assert found() == []


def test_only_a_month_and_only_clerks_count() -> None:
    for _number in range(8):
        look("akira", 77, at=TEN - 40 * DAY)
        look("", 77, what="code-issue", at=TEN)
        look("naoki", 77, what="protection", at=TEN)
    assert unusual_looks.find(at=TEN + DAY).read == 0


def test_only_the_newest_are_read_and_it_is_said() -> None:
    for number in range(8):
        look("akira", 77, at=TEN + number * MINUTE)
    for most, expected in ((7, (7, True)), (8, (8, False))):
        read = unusual_looks.find(at=TEN + DAY, most=most)
        assert (read.read, read.is_cut) == expected


def test_codes_that_are_issued_do_not_make_a_look_dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unusual_looks, "MOST_LOOKS_PASSED", 5)
    for number in range(4):
        look("akira", 77, at=TEN + number * MINUTE)
    assert (unusual_looks.find(at=TEN + DAY).read, unusual_looks.find(at=TEN + DAY).is_cut) == (4, False)
    for number in range(3):
        look("", number, what="code-issue", at=TEN + 5 * MINUTE)
    assert (unusual_looks.find(at=TEN + DAY).read, unusual_looks.find(at=TEN + DAY).is_cut) == (2, True)


def test_nothing_of_the_person_is_in_what_is_found() -> None:
    for number in range(6):
        look("akira", 77, at=TEN + number * MINUTE)
    assert subject(77).hex() not in str(unusual_looks.find(at=TEN + DAY))
    assert repr(unusual_looks._looks(TEN + DAY, 10)[0][0]) == "<_Look>"


# --- refusals ---


def refused(**changes: object) -> str:
    with pytest.raises(Refused) as caught:
        ask(**{"affair": "JM90000000000014", **changes})
    return caught.value.record


def test_refusals_newest_first_and_by_agency_affair_outcome_and_day() -> None:
    ask()
    first = refused(at=NOW)
    second = refused(inquirer=agency(FUCHU), provider=agency(CHOFU), at=NOW + DAY)
    third = refused(affair=CHILD_ALLOWANCE, items=[TOTAL_INCOME, "0200000070"], at=NOW + 2 * DAY)
    listed = supervision.refusals()
    assert [refusal.reference for refusal in listed] == [third, second, first]
    assert [refusal.outcome for refusal in listed] == ["2003", "2001", "2001"]
    assert (listed[1].inquirer.local_code, listed[1].provider.local_code) == (FUCHU, CHOFU)
    today = date(2026, 11, 22)
    for wanted, expected in (
        ({"agency": FUCHU}, [second]),
        ({"affair": CHILD_ALLOWANCE}, [third]),
        ({"outcome": "2001"}, [second, first]),
        ({"outcome": supervision.OTHER}, []),
        ({"until": today}, [first]),
        ({"since": today + DAY}, [third, second]),
        ({"agency": FUCHU, "since": today + 2 * DAY}, []),
    ):
        assert [refusal.reference for refusal in supervision.refusals(**wanted)] == expected, wanted


def test_pages_of_refusals_leave_none_out() -> None:
    references = [refused() for _ in range(5)]
    pages, before = [], None
    while page := supervision.refusals(before=before, limit=2):
        pages.append([refusal.reference for refusal in page])
        before = page[-1].reference
    assert [reference for page in pages for reference in page] == references[::-1]
    assert [len(page) for page in pages] == [2, 2, 1]
    with pytest.raises(ValueError, match="refusal"):
        supervision.refusals(before=str(uuid.uuid4()))


# --- copies, withheld records, assessments, the log ---


def test_an_event_without_its_copy() -> None:
    hold_income(HANAKO)
    ask()
    asked = ask()
    assert amiss_at(NOW + timedelta(hours=1)) == ([], False)
    event = ledger.event_of(asked.record, ledger.INQUIRER)
    ProvisionCopy.objects.filter(id=ledger.reference(event, ledger.PROVIDER)).delete()
    (amiss,), is_cut = amiss_at(NOW + timedelta(hours=1))
    assert (amiss.reference, amiss.inquirer.local_code, amiss.provider.local_code) == (asked.record, CHOFU, MITAKA)
    assert ("copy" in amiss.what, is_cut) == (True, False)
    assert amiss_at(NOW + 2 * DAY) == ([], False)
    assert amiss_at(NOW + timedelta(hours=1), most=0) == ([], True)


def amiss_at(at: datetime, **changes: int) -> tuple[list[supervision.CopiesAmiss], bool]:
    found = supervision.copies_amiss(at=at, **changes)
    return found.amiss, found.is_cut


def test_of_a_day_with_very_many_records_only_the_last_hours_are_compared() -> None:
    for hours in range(4):
        ask(at=NOW + timedelta(hours=hours))
    ProvisionCopy.objects.all().delete()
    at, day_ago = NOW + timedelta(hours=4), timedelta(hours=supervision.HOURS_OF_COPIES)
    whole, part = supervision.copies_amiss(at=at), supervision.copies_amiss(at=at, records=3)
    assert (len(whole.amiss), whole.since) == (4, at - supervision.TIME_TO_END - day_ago)
    assert (len(part.amiss), part.since) == (2, NOW.replace(microsecond=0) + timedelta(hours=2))


def withhold(until: date | None, who: str = CHOFU) -> None:
    event = Event(
        kind=Kind.INQUIRY, inquirer=agency(who), provider=agency(MITAKA), affair=CHILD_ALLOWANCE,
        data_set="TM00000000000002", items=(), subject=subject(1), private={"case_number": ""}, is_withheld=True,
        disclosed_from=until,
    )  # fmt: skip
    from exchange import statute

    ledger.record(event, phase=Phase.ASKED, rule=statute.rule_of("I01"), at=NOW)
    ledger.record(event, phase=Phase.ANSWERED, rule=statute.rule_of("I01"), outcome="0000", at=NOW)


def test_withheld_records_are_counted_by_agency_day_and_article() -> None:
    ask()
    later = date(2027, 3, 1)
    for until, who in ((later, CHOFU), (later, CHOFU), (None, CHOFU), (date(2026, 12, 1), FUCHU)):
        withhold(until, who)
    groups, is_cut = supervision.withheld(on=date(2026, 11, 30))
    listed = [(group.agency.local_code, group.until, group.count) for group in groups]
    assert (listed, is_cut) == ([(CHOFU, None, 1), (FUCHU, date(2026, 12, 1), 1), (CHOFU, later, 2)], False)
    assert {group.article for group in groups} == {"番号法第19条第8号"}
    assert [group.until for group in supervision.withheld(on=later)[0]] == [None]
    assert supervision.withheld(on=date(2026, 11, 30), most=1)[1] is True


def test_agencies_without_a_valid_assessment() -> None:
    Agency.objects.filter(local_code=FUCHU).update(assessment_until=date(2026, 11, 21))
    Agency.objects.filter(local_code=MITAKA).update(assessment_until=None)
    Agency.objects.filter(local_code=CHOFU).update(assessment_until=None, is_active=False)
    named = [agency.local_code for agency in supervision.without_assessment(on=date(2026, 11, 22))]
    assert named == [MITAKA, FUCHU]
    assert [a.local_code for a in supervision.without_assessment(on=date(2026, 11, 21))] == [MITAKA]


def test_the_log_and_how_far_its_witnesses_are(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert supervision.log_state() == supervision.LogState(0, None, [])
    ask()
    Cosignature.objects.create(checkpoint=tree.newest_checkpoint(), witness="old.example/w", line="x")
    ask()
    settings.WITNESSES = [f"http://127.0.0.1:1 {tree.verifiers()[0]}"]
    state = supervision.log_state()
    assert (state.size, state.at) == (4, NOW.replace(microsecond=0))
    assert [(one.size, one.behind, one.is_asked) for one in state.witnesses] == [(None, 4, True), (2, 2, False)]
    assert str(witnessing.Witness.parse(settings.WITNESSES[0]).verifier.name) == state.witnesses[0].name


# --- cost ---


@pytest.mark.parametrize("read", ["refusals", "unusual", "copies", "withheld"])
def test_thirty_rows_cost_as_many_queries_as_one(read: str) -> None:
    def more(count: int) -> None:
        for number in range(count):
            refused()
            look("akira", number, at=TEN)
            withhold(None)
            ask()
        ProvisionCopy.objects.all().delete()

    reads: dict[str, Callable[[], object]] = {
        "refusals": lambda: supervision.refusals(),
        "unusual": lambda: unusual_looks.find(at=TEN + DAY),
        "copies": lambda: supervision.copies_amiss(at=NOW + timedelta(hours=1)),
        "withheld": lambda: supervision.withheld(on=date(2026, 11, 30)),
    }
    more(1)
    one = queries(reads[read])
    more(29)
    assert (queries(reads[read]), one <= 7) == (one, True)


def queries(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connections["exchange"]) as captured:
        act()
    return len(captured)


def test_each_reason_can_be_found() -> None:
    assert {reason.value for reason in Unusual} == {"REPEATED", "BUSY", "OUT_OF_HOURS", "WITHOUT_CASE", "FRUITLESS"}
