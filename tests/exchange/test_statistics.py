"""Public figures: counted once, true, and never about fewer than ten."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from exchange import ledger, statistics, tasks
from exchange.ledger import Event
from exchange.models import Kind, Phase
from exchange.statistics_models import MonthlyCount
from tests.exchange.people import CHILD_ALLOWANCE, CHOFU, MITAKA, NOW, TOKYO, agency
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]

OCTOBER = datetime(2026, 10, 15, 3, 0, tzinfo=UTC)
PENSION_EXEMPTION = "JM90000000000014"


def asked(
    times: int, at: datetime = OCTOBER, *, who: str = CHOFU, affair: str = CHILD_ALLOWANCE, refused: int = 0,
    kind: Kind = Kind.INQUIRY,
) -> None:  # fmt: skip
    records = []
    for number in range(times):
        event = Event(
            kind=kind, inquirer=agency(who), provider=agency(MITAKA), affair=affair, data_set="TM00000000000002",
            items=(), subject=bytes(32), private={"case_number": ""},
        )  # fmt: skip
        phase = Phase.REFUSED if number < refused else Phase.ASKED
        records.append(ledger.prepare(event, phase=phase, outcome="2001" if number < refused else "", at=at))
        if phase == Phase.ASKED:
            records.append(ledger.prepare(event, phase=Phase.ANSWERED, outcome="0000", at=at))
    ledger.record_all(records)


def lines() -> list[tuple[date, str, str, int, int | None]]:
    return [(x.month, x.kind, x.affair, x.asked, x.refused) for x in statistics.published(at=NOW)]


def test_a_month_is_counted_by_kind_and_affair() -> None:
    asked(30, refused=12)
    asked(11, who=TOKYO)
    asked(10, affair=PENSION_EXEMPTION)
    asked(40, kind=Kind.LOOK)
    assert statistics.count_finished_months(at=NOW) == 1
    october = date(2026, 10, 1)
    assert lines() == [
        (october, "MUNICIPALITY", CHILD_ALLOWANCE, 30, 40),
        (october, "PREFECTURE", CHILD_ALLOWANCE, 11, None),
        (october, "MUNICIPALITY", PENSION_EXEMPTION, 10, None),
    ]


@pytest.mark.parametrize(("times", "refused", "shown"), [(9, 0, []), (19, 10, [None]), (19, 9, [None]), (20, 10, [50])])
def test_nothing_is_said_of_fewer_than_ten(times: int, refused: int, shown: list[int | None]) -> None:
    asked(times, refused=refused)
    statistics.count_finished_months(at=NOW)
    assert [line[4] for line in lines()] == shown


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2026, 9, 30, 15, 0, tzinfo=UTC), date(2026, 10, 1)),  # the first of October in Japan
        (datetime(2026, 9, 30, 14, 59, 59, tzinfo=UTC), date(2026, 9, 1)),
        (datetime(2025, 12, 31, 14, 59, 59, tzinfo=UTC), date(2025, 12, 1)),
        (datetime(2025, 12, 31, 15, 0, tzinfo=UTC), date(2026, 1, 1)),
        (NOW, None),
        (datetime(2025, 10, 31, 3, 0, tzinfo=UTC), None),
    ],
)
def test_months_are_japans_and_only_those_of_a_year_that_have_ended(at: datetime, month: date | None) -> None:
    asked(10, at)
    statistics.count_finished_months(at=NOW)
    assert [line[0] for line in lines()] == ([month] if month else [])


def test_what_was_counted_stands() -> None:
    asked(10)
    assert (statistics.count_finished_months(at=NOW), statistics.count_finished_months(at=NOW)) == (1, 0)
    asked(5)
    tasks.delete_expired_records()
    assert [line[3] for line in lines()] == [10]


def test_everybody_reads_the_page_and_it_costs_one_query() -> None:
    asked(20, refused=10)
    asked(3, affair=PENSION_EXEMPTION)
    statistics.count_finished_months(at=NOW)
    with CaptureQueriesContext(connections["exchange"]) as captured:
        page = Client(headers={"accept-language": "en"}).get("/statistics/").content.decode()
    assert len(captured) == 1
    assert "October 2026" in page and "50 %" in page and "Child Allowance" in page
    assert "National Pension" not in page
    assert MonthlyCount.objects.count() == 2
    assert "令和8年10月" in Client(headers={"accept-language": "ja"}).get("/statistics/").content.decode()
