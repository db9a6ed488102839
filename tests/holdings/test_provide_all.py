"""Many persons at once get what each alone would get."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections
from django.test.utils import CaptureQueriesContext

from codes import rist1
from codes.rist1 import Code
from databases import HOLDINGS
from holdings import copies, provide, provide_all
from holdings.models import ByHand, Protection, ProvisionCopy, Stop, WaitingQuestion
from holdings.periods import Period
from holdings.provide_all import Asked
from tests.support import DATABASES

pytestmark = DATABASES

NOW = datetime(2026, 11, 22, 1, 30, 15, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
AGENCY, INQUIRER, TAX, CARE = "132047", "132080", "TM00000000000002", "TM00000000000099"
A, B = "0200000010", "0200000020"


def code(number: int, epoch: int = 1) -> Code:
    return Code(rist1.person_point(bytes([number, epoch]) * 16), epoch)


def hold(number: int, value: str, *, data_set: str = TAX, epoch: int = 1, **facts: Any) -> None:
    items = {A: {"value": value}, B: {"null_reason": "WITHHELD"}}
    copies.register(agency=AGENCY, code=code(number, epoch), data_set=data_set, items=items, at=NOW, **facts)


@pytest.fixture
def held(db: None) -> None:
    hold(1, "newest", period=Period(fiscal_year=2026))
    hold(1, "older", period=Period(fiscal_year=2025))
    hold(2, "of one spring", period=Period(begins_on=date(2026, 4, 1), ends_on=date(2026, 6, 30)))
    hold(2, "since", period=Period(begins_on=date(2026, 7, 1)))
    hold(3, "not yet", published_from=date(2026, 12, 1))
    hold(4, "former", period=Period(fiscal_year=2025))
    hold(4, "present", period=Period(fiscal_year=2026), epoch=2)
    hold(5, "no longer", published_from=date(2025, 1, 1), published_to=date(2026, 11, 21))
    hold(6, "care", data_set="TM00000000000003")


CONDITIONS = [
    Period(),
    Period(fiscal_year=2025),
    Period(fiscal_year=2026),
    Period.on(date(2026, 5, 1)),
    Period(begins_on=date(2026, 6, 1)),
]


def questions() -> list[Asked]:
    return [
        Asked([code(number, 2), code(number)], data_set, items, condition, str(uuid.uuid4()))
        for number in range(1, 8)
        for condition in CONDITIONS
        for data_set, items in ((TAX, (A, B)), ("TM00000000000003", (A, "0299999999")), (CARE, (A,)))
    ]


def answer_all(asked: list[Asked], **facts: Any) -> list[provide_all.Provided]:
    return provide_all.answer_all(
        agency=AGENCY, asked=asked, inquirer=INQUIRER, **{"at": NOW, "decided_by": LATER} | facts
    )


def facts_of(reference: str) -> list[dict[str, Any]]:
    """Everything that the provider's record, or the question in its in-tray, says but its id."""
    found = [row for model in (ProvisionCopy, WaitingQuestion) for row in model.objects.filter(pk=reference).values()]
    return [{name: value for name, value in row.items() if name != "id"} for row in found]


def test_the_same_answers_and_records_as_one_by_one(held: None) -> None:
    Protection.objects.create(agency=AGENCY, code=code(2))
    Protection.objects.create(agency=AGENCY, code=code(4, 2), until=date(2026, 11, 21))
    ByHand.objects.create(agency=AGENCY, data_set=TAX, code=code(3, 2))
    Stop.objects.create(agency=AGENCY, data_set=TAX, code=code(5), reason=Stop.Reason.IN_DOUBT, at=NOW)
    asked = questions()
    answers = answer_all(asked)
    said = {answer.provision.outcome if answer.provision else None for answer in answers}
    assert said == {"0000", "0004", "3003", None}
    for each, answer in zip(asked, answers, strict=True):
        single = str(uuid.uuid4())
        alone = provide.answer(
            agency=AGENCY,
            code=each.codes[0],
            former=each.codes[1:],
            data_set=each.data_set,
            items=each.items,
            condition=each.condition,
            inquirer=INQUIRER,
            reference=single,
            decided_by=LATER,
            at=NOW,
        )
        assert (answer.on_record, answer.provision) == (alone.outcome if alone else "", alone)
        assert facts_of(each.reference) == facts_of(single)


def test_the_number_of_queries_does_not_grow_with_the_persons(held: None) -> None:
    counts = []
    for size in (1, 7):
        asked = [Asked([code(n)], TAX, (A,), Period(), str(uuid.uuid4())) for n in range(1, size + 1)]
        with CaptureQueriesContext(connections[HOLDINGS]) as queries:
            answer_all(asked)
        # COPY is no query of Django's; on SQLite the rows go one by one into one prepared INSERT.
        counts.append(len([query for query in queries if "INSERT" not in query["sql"]]))
    assert counts[1] <= counts[0] + 1  # whether the agency registers such copies at all, asked once


def test_again_changes_no_record(held: None) -> None:
    asked = [Asked([code(n)], TAX, (A,), Period(), str(uuid.uuid4())) for n in (1, 7)]
    first = answer_all(asked)
    with pytest.raises(IntegrityError):
        answer_all(asked)
    hold(7, "registered since")
    later = [*asked, Asked([code(4)], TAX, (A,), Period(), str(uuid.uuid4()))]
    again = answer_all(later, is_again=True)
    assert again[0] == first[0]
    assert (again[1].on_record, again[1].provision.outcome) == ("0004", "0000")
    assert again[2].on_record == "0000"
    outcomes = dict(ProvisionCopy.objects.values_list("pk", "outcome"))
    assert [outcomes[uuid.UUID(each.reference)] for each in later] == ["0000", "0004", "0000"]


def test_nothing_shows_in_repr(held: None) -> None:
    asked = Asked([code(1)], TAX, (A,), Period(), str(uuid.uuid4()))
    assert "newest" not in repr(answer_all([asked])) + repr(asked)
