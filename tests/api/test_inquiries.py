"""An inquiry over HTTP: the answer, the refusal, the record of each, and nothing without a record."""

from __future__ import annotations

import json
from typing import Any

import psycopg2
import pytest
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext

from agencies.models import Agency
from api.views import inquiries as view
from codes.rist1 import Code, format_code
from databases import EXCHANGE, HOLDINGS
from exchange import inquiry as act
from exchange import ledger
from holdings import provide
from tests.api.sides import (
    CHILD_ALLOWANCE,
    INCOME,
    INTRACTABLE_DISEASE,
    MITAKA,
    NURSERY,
    PENSION_SERVICE,
    PROPERTY_TAX,
    SALARY,
    TOTAL_INCOME,
    Answered,
    Country,
    new_point,
    record_count,
)
from tests.support import DATABASES

pytestmark = DATABASES

PATH = "/api/v1/inquiries"


def test_the_income_comes_back_with_its_record(country: Country) -> None:
    answer = country.chofu.post(PATH, country.inquiry())
    assert answer.status == 200
    [record] = country.records_of(country.hanako)
    assert answer.json == {
        "outcome": "0000",
        "record": record.reference,
        "legal_basis": {"row": "I01", "article": "My Number Act, article 19, item 8"},
        "asked_at": answer.json["asked_at"],
        "answered_at": answer.json["answered_at"],
        "items": [
            {"code": TOTAL_INCOME, "name": "Total income", "value": INCOME, "null_reason": None},
            {"code": SALARY, "name": "Salary", "value": None, "null_reason": "NOT_APPLICABLE"},
        ],
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Language"] == "en"
    assert (record.inquirer.local_code, record.provider.local_code, record.outcome) == ("132080", MITAKA, "0000")
    assert record_count() == 2


def test_the_language_of_the_caller_changes_nothing(country: Country) -> None:
    answer = country.chofu.post(PATH, country.inquiry(), **{"Accept-Language": "ja"})
    assert answer.json["legal_basis"]["article"] == "My Number Act, article 19, item 8"
    assert answer.json["items"][0]["name"] == "Total income"


def without_ids(answer: Answered) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if name not in {"record", "asked_at", "answered_at"}}


def test_nobody_looks_like_no_record(country: Country) -> None:
    """A person of whom nothing is held, a point that belongs to nobody, another agency's code for her: all the same."""
    codes = [
        country.chofu.printed_code_for(country.kenji),
        format_code(Code(new_point(), 1)),
        country.mitaka.printed_code_for(country.hanako),
    ]
    answers = [country.chofu.post(PATH, country.inquiry(code=code)) for code in codes]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert without_ids(answers[0]) == without_ids(answers[1]) == without_ids(answers[2])
    assert (answers[0].json["outcome"], answers[0].json["items"]) == ("0004", [])
    assert [list(answer.json) for answer in answers] == [list(answers[0].json)] * 3
    assert [dict(answer.headers).keys() for answer in answers] == [dict(answers[0].headers).keys()] * 3
    assert len({len(answer.text) for answer in answers}) == 1
    assert record_count() == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"affair": NURSERY, "provider": PENSION_SERVICE, "data_set": INTRACTABLE_DISEASE, "items": ["8200000020"]},
        {"affair": "JM99999999999999"},
        {"data_set": "TM99999999999999"},
        {"provider": PENSION_SERVICE},
        {"provider": "132080"},
        {"affair": "JM90000000000014"},
    ],
    ids=["story", "unknown affair", "unknown data", "wrong provider", "itself", "another's affair"],
)
def test_no_legal_basis_is_refused_and_she_sees_it(country: Country, changes: dict[str, Any]) -> None:
    answer = country.chofu.post(PATH, country.inquiry(**changes))
    assert (answer.status, answer.kind, answer.json["code"]) == (403, "no-legal-basis", "2001")
    assert set(answer.json) == {"type", "title", "status", "detail", "code", "record"}
    [record] = country.records_of(country.hanako)
    assert (record.reference, record.is_refused, record.outcome) == (answer.json["record"], True, "2001")
    assert INCOME not in answer.text


def test_an_item_outside_the_permission_refuses_all(country: Country) -> None:
    answer = country.chofu.post(PATH, country.inquiry(items=[TOTAL_INCOME, PROPERTY_TAX]))
    assert (answer.status, answer.kind, answer.json["code"]) == (403, "item-not-allowed", "2003")
    assert country.records_of(country.hanako)[0].reference == answer.json["record"]
    assert INCOME not in answer.text


def test_an_agency_without_assessment_is_refused(country: Country) -> None:
    Agency.objects.filter(local_code=MITAKA).update(assessment_until="2024-12-31")
    answer = country.chofu.post(PATH, country.inquiry())
    assert (answer.status, answer.kind, answer.json["code"]) == (403, "assessment-missing", "2002")
    assert record_count() == 1


@pytest.mark.parametrize("provider", ["999999", "000000"])
def test_a_provider_that_is_none_cannot_be_asked(country: Country, provider: str) -> None:
    answer = country.chofu.post(PATH, country.inquiry(provider=provider))
    assert (answer.status, answer.kind) == (400, "invalid-request")
    expected = {"field": "provider", "detail": "There is no active agency with this local code."}
    assert answer.json["errors"] == [expected]
    assert record_count() == 0


def test_a_code_of_an_epoch_that_does_not_stand(country: Country) -> None:
    code = format_code(Code(new_point(), 7))
    answer = country.chofu.post(PATH, country.inquiry(code=code))
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "code")
    assert code not in answer.text
    assert record_count() == 0


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        (None, "0000"),
        ({"fiscal_year": 2026}, "0000"),
        ({"fiscal_year": 2025}, "0004"),
    ],
)
def test_the_time_that_is_asked_about(country: Country, condition: Any, outcome: str) -> None:
    assert country.chofu.post(PATH, country.inquiry(condition=condition)).json["outcome"] == outcome


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ({}, "Must have a fiscal_year, or as_of, or begins_on and ends_on."),
        ({"fiscal_year": 2026, "as_of": "2026-06-01"}, "Must have a fiscal_year, or as_of, or begins_on and ends_on."),
        ({"begins_on": "2026-06-02", "ends_on": "2026-06-01"}, "The period ends before it begins."),
    ],
)
def test_a_time_that_is_none(country: Country, condition: Any, sentence: str) -> None:
    answer = country.chofu.post(PATH, country.inquiry(condition=condition))
    assert (answer.status, answer.json["errors"]) == (400, [{"field": "condition", "detail": sentence}])


@pytest.mark.parametrize("condition", [{"as_of": "2026-06-01"}, {"begins_on": "2026-04-01", "ends_on": "2027-03-31"}])
def test_days_are_understood(country: Country, condition: Any) -> None:
    assert country.chofu.post(PATH, country.inquiry(condition=condition)).status == 200


# --- nothing without a record ---


class LedgerDown(Exception):
    """Stands for a database that fails, with a row's values in its message as PostgreSQL would put them."""


def failing_from(call: int) -> Any:
    """A ledger whose first records are written and the others not."""
    real, count = ledger.record, iter(range(1, 100))

    def record(*args: Any, **kwargs: Any) -> Any:
        if next(count) >= call:
            raise LedgerDown("Key (subject)=(a1-secret) already exists")
        return real(*args, **kwargs)

    return record


@pytest.mark.parametrize(("call", "left"), [(1, 0), (2, 1)])
def test_without_its_record_no_answer_leaves(
    country: Country, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, call: int, left: int
) -> None:
    monkeypatch.setattr(ledger, "record", failing_from(call))
    answer = country.chofu.post(PATH, country.inquiry())
    assert (answer.status, answer.kind, answer.json["code"]) == (500, "internal-error", "9000")
    assert "items" not in answer.json
    assert INCOME not in answer.text
    assert record_count() == left
    assert "LedgerDown" in caplog.text
    assert "a1-secret" not in caplog.text + answer.text


def test_while_the_database_is_away_it_says_so_signed_and_no_more(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: Any, **facts: Any) -> Any:
        raise OperationalError("connection to server at db.secret failed") from psycopg2.OperationalError()

    monkeypatch.setattr(ledger, "record", gone)
    answer = country.chofu.post(PATH, country.inquiry())
    assert (answer.status, answer.kind) == (503, "away")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "10"
    assert answer.headers["Signature"].startswith("mynx=:")
    assert "secret" not in answer.text
    assert set(answer.json) == {"type", "title", "status", "detail"}


def test_without_its_record_no_refusal_leaves(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "record", failing_from(1))
    answer = country.chofu.post(PATH, country.inquiry(affair=NURSERY, provider=PENSION_SERVICE))
    assert (answer.status, answer.kind) == (500, "internal-error")
    assert "record" not in answer.json


def test_a_provider_that_fails_leaves_the_question_on_record(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**kwargs: Any) -> Any:
        raise LedgerDown

    monkeypatch.setattr(provide, "answer", fail)
    assert country.chofu.post(PATH, country.inquiry()).status == 500
    [record] = country.records_of(country.hanako)
    assert (record.outcome, record.answered_at) == ("", None)


def test_the_record_is_there_before_the_provider_hears(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = provide.answer

    def spy(**kwargs: Any) -> Any:
        seen.append(record_count())
        return real(**kwargs)

    monkeypatch.setattr(provide, "answer", spy)
    country.chofu.post(PATH, country.inquiry())
    assert seen == [1]


def test_the_view_asks_by_the_act_alone(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inquirer is the token's agency: nothing in the body can name another."""
    seen: dict[str, Any] = {}

    def spy(**kwargs: Any) -> Any:
        seen.update(kwargs)
        return act.inquire(**kwargs)

    monkeypatch.setattr(view, "inquire", spy)
    body = country.inquiry() | {"inquirer": MITAKA}
    assert country.chofu.post(PATH, body).status == 400
    assert country.chofu.post(PATH, country.inquiry()).status == 200
    assert (seen["inquirer"], seen["affair"]) == (country.chofu.agency, CHILD_ALLOWANCE)


def test_two_questions_have_two_records(country: Country) -> None:
    first, second = (country.chofu.post(PATH, country.inquiry()) for _ in range(2))
    assert first.json["record"] != second.json["record"]
    assert [record.reference for record in country.records_of(country.hanako)] == [
        second.json["record"],
        first.json["record"],
    ]
    assert country.records_of(country.kenji) == []


def test_the_number_of_queries_does_not_grow_with_the_items(country: Country) -> None:
    token = country.chofu.token()
    country.chofu.post(PATH, country.inquiry(), token=token)  # the first one makes the portal's scalar
    counts = []
    for items in ([TOTAL_INCOME], [TOTAL_INCOME, SALARY, "0200000030"]):
        body = country.inquiry(items=items)
        with CaptureQueriesContext(connections[EXCHANGE]) as one, CaptureQueriesContext(connections[HOLDINGS]) as two:
            assert country.chofu.post(PATH, body, token=token).status == 200
        counts.append((len(one), len(two)))
    assert counts[0] == counts[1]


def test_the_body_may_come_in_any_order_and_language(country: Country) -> None:
    body = json.dumps(dict(reversed(country.inquiry(case_number="児手第417号").items())), ensure_ascii=False)
    assert country.chofu.post(PATH, body.encode(), content_type="application/json; charset=utf-8").status == 200
