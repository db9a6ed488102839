"""Copies at the agencies' door: what a provider hands in, withdraws and stops, and what its receivers are told."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from agencies.models import Agency
from codes.rist1 import Code, format_code
from databases import HOLDINGS
from holdings.models import Holding, Run
from holdings.registration import MOST_COPIES
from tests.api.sides import (
    INCOME,
    LOCAL_TAX,
    MITAKA,
    PENSION_SERVICE,
    TOTAL_INCOME,
    Country,
    new_point,
    new_side,
    record_count,
    tax_items,
)
from tests.api.test_bad_input import INQUIRIES, RECALLS, REGISTER, RESUME, STOP, WITHDRAW, assert_problem
from tests.support import DATABASES

pytestmark = DATABASES
NOTED = "/api/v1/recalls/confirm"


def mitakas(country: Country, income: str = "5", reference: str = "M-1", **changes: Any) -> dict[str, Any]:
    facts = {
        "code": country.mitaka.printed_code_for(country.hanako),
        "items": tax_items(income),
        "reference": reference,
    }
    return country.copy(**facts | changes)


def ask(country: Country) -> tuple[str, str | None, str]:
    answer = country.chofu.post(INQUIRIES, country.inquiry(items=[TOTAL_INCOME])).json
    return answer["outcome"], answer["items"][0]["value"] if answer["items"] else None, answer["record"]


def test_what_is_handed_in_is_what_is_answered(country: Country) -> None:
    run = country.copy_run(mitakas(country, "5"), kind="CHANGE")
    answer = country.mitaka.post(REGISTER, run)
    assert (answer.status, answer.json) == (200, {"run": 1, "registered": 1, "unchanged": 0})
    assert country.mitaka.post(REGISTER, run).json == {"run": 1, "registered": 0, "unchanged": 1}
    assert ask(country)[:2] == ("0000", "5")
    assert record_count() == 2, "the question and its answer; a registration tells nobody anything"


def test_a_code_of_nobody_is_taken_like_any_other(country: Country) -> None:
    code = format_code(Code(new_point(), 1))
    assert country.mitaka.post(REGISTER, country.copy_run(country.copy(code=code))).status == 200


def test_all_or_nothing_with_every_line_named(country: Country) -> None:
    good = mitakas(country)
    wrong = mitakas(country, "Hanako has 5 yen", "M-2", period={"fiscal_year": 2025})
    epoch = format_code(Code(country.mitaka.code_for(country.kenji).value, 9))
    answer = country.mitaka.post(REGISTER, country.copy_run(good, wrong))
    assert_problem(answer, 400, "invalid-request")
    assert [error["field"] for error in answer.json["errors"]] == [f"copies.1.items.{TOTAL_INCOME}"]
    assert "Hanako" not in answer.text
    answer = country.mitaka.post(REGISTER, country.copy_run(good, mitakas(country, code=epoch)))
    assert [error["field"] for error in answer.json["errors"]] == ["copies.1.code"]
    assert [Run.objects.count(), ask(country)[1]] == [0, INCOME]


WRONG_COPIES: list[tuple[str, Any]] = [
    ("code", "132047"),
    ("code", None),
    ("data_set", "local tax of Hanako"),
    ("layout_version", 0),
    ("layout_version", "1"),
    ("period", {"fiscal_year": 26}),
    ("period", {"begins_on": "2026-04-02", "ends_on": "2026-04-01"}),
    ("publication", {"begins_on": "2026-04-02", "ends_on": "2026-04-01"}),
    ("publication", {"from": "2026-04-02"}),
    ("items", None),
    ("items", []),
    ("items", {}),
    ("items", {"income of Hanako": {"value": "1"}}),
    ("items", {f"{number:010}": {"value": "1"} for number in range(101)}),
    ("items", {"0200000010": {"value": "1"}}),
    ("items", tax_items() | {"0100000010": {"value": "Hanako Yamada"}}),
    ("reference", "123456789018"),
    ("reference", "with space"),
    ("reference", "x" * 65),
]


@pytest.mark.parametrize(("name", "value"), WRONG_COPIES, ids=[str(i) for i in range(len(WRONG_COPIES))])
def test_a_wrong_copy(country: Country, name: str, value: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="api")
    copy = mitakas(country) | {name: value}
    answer = country.mitaka.post(REGISTER, country.copy_run(copy))
    assert_problem(answer, 400, "invalid-request")
    assert {error["field"].split(".")[:3][-1] for error in answer.json["errors"]} == {name}
    assert "Hanako" not in answer.text + caplog.text
    assert str(copy["code"]) not in answer.text + caplog.text
    assert Holding.objects.count() == 1


def test_an_unknown_field_of_a_copy_is_not_repeated(country: Country) -> None:
    answer = country.mitaka.post(REGISTER, country.copy_run(mitakas(country) | {"Hanako": 1}))
    assert [error["field"] for error in answer.json["errors"]] == ["copies.0"]
    assert "Hanako" not in answer.text


def test_a_layout_that_is_not_supported_says_its_code(country: Country) -> None:
    answer = country.mitaka.post(REGISTER, country.copy_run(mitakas(country), mitakas(country, layout_version=7)))
    assert_problem(answer, 400, "layout-not-supported")
    assert answer.json["code"] == "3004"
    assert [error["field"] for error in answer.json["errors"]] == ["copies.1.layout_version"]
    assert "record" not in answer.json


def test_something_else_under_the_same_reference(country: Country) -> None:
    country.mitaka.post(REGISTER, country.copy_run(mitakas(country)))
    answer = country.mitaka.post(REGISTER, country.copy_run(mitakas(country, "6")))
    assert_problem(answer, 409, "reference-taken")
    assert [error["field"] for error in answer.json["errors"]] == ["copies.0.reference"]


@pytest.mark.parametrize("path", [REGISTER, WITHDRAW, STOP, RESUME])
def test_what_the_agencys_kind_does_not_provide_is_refused(country: Country, path: str) -> None:
    pension = new_side(PENSION_SERVICE)
    body = {
        REGISTER: country.copy_run(), WITHDRAW: country.withdrawal(), STOP: country.stop(code=None),
        RESUME: {"data_set": LOCAL_TAX},
    }[path]  # fmt: skip
    assert_problem(pension.post(path, body), 403, "not-the-provider")
    Agency.objects.filter(local_code=MITAKA).update(is_hosted=False)
    assert_problem(country.mitaka.post(path, body), 403, "not-the-provider")
    assert [Holding.objects.count(), Run.objects.count()] == [1, 0]


def test_nobody_else_touches_an_agencys_copies(country: Country) -> None:
    """Chofu uses Mitaka's own code, which a thief may have: it is a code of nobody at Chofu."""
    stolen = country.mitaka.printed_code_for(country.hanako)
    country.chofu.code_for(country.hanako)
    assert country.chofu.post(WITHDRAW, country.withdrawal(code=stolen)).json == {"withdrawn": False}
    assert country.chofu.post(STOP, country.stop(code=stolen)).json == {"stopped": True}
    assert country.chofu.post(REGISTER, country.copy_run(country.copy(code=stolen))).status == 200
    assert ask(country)[:2] == ("0000", INCOME)


def test_a_stop_and_its_end(country: Country) -> None:
    stop = country.stop(code=country.mitaka.printed_code_for(country.hanako))
    resume = {name: stop[name] for name in ("code", "data_set")}
    assert [country.mitaka.post(STOP, stop).json["stopped"] for _ in range(2)] == [True, False]
    assert ask(country)[:2] == ("3003", None)
    assert [country.mitaka.post(RESUME, resume).json["resumed"] for _ in range(2)] == [True, False]
    assert ask(country)[:2] == ("0000", INCOME)


def test_a_withdrawal_is_told_to_who_got_it_and_to_nobody_else(country: Country) -> None:
    _, _, record = ask(country)
    withdrawal = country.withdrawal(code=country.mitaka.printed_code_for(country.hanako))
    assert [country.mitaka.post(WITHDRAW, withdrawal).json["withdrawn"] for _ in range(2)] == [True, False]
    assert ask(country)[:2] == ("0004", None)
    assert country.mitaka.post(RECALLS, {}).json == {"recalls": []}
    answer = country.chofu.post(RECALLS, {"limit": 10})
    [recall] = answer.json["recalls"]
    assert set(recall) == {"recall", "record", "data_set", "reason", "at"}
    assert (recall["record"], recall["data_set"], recall["reason"]) == (record, LOCAL_TAX, "WRONG_PERSON")
    for side in (country.chofu, country.mitaka):
        assert side.printed_code_for(country.hanako)[3:] not in answer.text
    noted = {"recalls": [recall["recall"]]}
    assert country.mitaka.post(NOTED, noted).json == {"confirmed": 0}
    assert [country.chofu.post(NOTED, noted).json["confirmed"] for _ in range(2)] == [1, 0]
    assert country.chofu.post(RECALLS, {}).json == {"recalls": []}
    [shown, *_] = [each for each in country.records_of(country.hanako) if each.reference == record]
    assert (shown.recalled_at is not None, shown.is_withdrawn) == (True, True)


def test_five_hundred_copies_are_one_run_and_cost_few_more_queries_than_ten(country: Country) -> None:
    token = country.mitaka.token()

    def queries(count: int, turn: str) -> int:
        codes = [format_code(Code(new_point(), 1)) for _ in range(count)]
        copies = [country.copy(code=code, reference=f"{turn}-{line}") for line, code in enumerate(codes)]
        with CaptureQueriesContext(connections[HOLDINGS]) as asked:
            answer = country.mitaka.post(REGISTER, country.copy_run(*copies), token=token)
        assert answer.json["registered"] == count
        return len(asked)

    few, many = queries(10, "a"), queries(MOST_COPIES, "b")
    assert many - few < 30, "rows are looked for and written many at a time"
    assert Run.objects.count() == 2
