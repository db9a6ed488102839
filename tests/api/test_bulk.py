"""A bulk inquiry over HTTP: taken, driven on, fetched, confirmed; refused whole where one line is wrong."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from exchange import bulk_work
from exchange.bulk_models import Bulk
from tests.api.sides import INCOME, PENSION_SERVICE, SALARY, TOTAL_INCOME, Answered, Country, record_count
from tests.support import DATABASES, scaled

pytestmark = DATABASES

PATH = "/api/v1/inquiries/bulk"


def lines_of(country: Country, count: int = 2) -> list[dict[str, Any]]:
    hers, his = (country.inquiry(code=country.chofu.printed_code_for(p)) for p in (country.hanako, country.kenji))
    return [{"line": f"L{n}", **(his if n % 2 else hers)} for n in range(count)]


def hand_in(country: Country, lines: Any, reference: str = "R-1", **headers: Any) -> Answered:
    return country.chofu.post(PATH, {"reference": reference, "lines": lines}, **headers)


def test_from_the_hand_in_to_the_confirmation(country: Country) -> None:
    lines = [*lines_of(country), {"line": "no basis", **country.inquiry(provider=PENSION_SERVICE)}]
    taken = hand_in(country, lines)
    assert (taken.status, taken.json["lines"]) == (202, 3)
    bulk = {"bulk": taken.json["bulk"]}
    status = country.chofu.post(f"{PATH}/status", bulk).json
    counts = [{"outcome": outcome, "lines": 1} for outcome in ("0000", "0004", "2001")]
    assert (status["state"], status["settled"], status["outcomes"]) == ("DONE", 3, counts)
    fetched = country.chofu.post(f"{PATH}/results", bulk).json
    hers, his, refused = fetched["results"]
    [record] = country.records_of(country.kenji)
    assert his == {"line": "L1", "outcome": "0004", "record": record.reference, "row": "I01", "items": []}
    assert hers["items"] == [
        {"code": TOTAL_INCOME, "name": "Total income", "value": INCOME, "null_reason": None},
        {"code": SALARY, "name": "Salary", "value": None, "null_reason": "NOT_APPLICABLE"},
    ]
    assert (refused["outcome"], refused["row"]) == ("2001", "")
    assert {hers["record"], refused["record"]} == {each.reference for each in country.records_of(country.hanako)}
    assert country.chofu.post(f"{PATH}/results", {**bulk, "after": 2}).json["results"] == [refused]
    assert country.chofu.post(f"{PATH}/confirm", bulk).json["erased_at"]
    gone = country.chofu.post(f"{PATH}/results", bulk)
    assert (gone.status, gone.kind) == (410, "answers-erased")


def test_the_same_again_and_something_else(country: Country) -> None:
    lines = lines_of(country)
    first, again = hand_in(country, lines), hand_in(country, lines)
    assert (first.status, again.status, again.json) == (202, 200, first.json)
    other = hand_in(country, lines[:1])
    assert (other.status, other.kind) == (409, "reference-taken")
    assert record_count() == 4


def test_bad_lines_refuse_all_and_say_which(country: Country) -> None:
    lines = lines_of(country, scaled(10_000))
    last = len(lines) - 1
    lines[last] |= {"code": "a1-nonsense"}
    del lines[7]["provider"]
    answer = hand_in(country, lines)
    assert (answer.status, answer.kind) == (400, "invalid-request")
    fields = [error["field"] for error in answer.json["errors"]]
    assert fields == ["lines.7.provider", f"lines.{last}.code"]
    assert "nonsense" not in answer.text
    lines[last], lines[7] = {**lines[0], "line": "L3"}, {**lines[8], "line": "L7", "provider": "999999"}
    answer = hand_in(country, lines)
    assert [error["field"] for error in answer.json["errors"]] == ["lines.7.provider", f"lines.{last}.line"]
    assert (Bulk.objects.count(), record_count()) == (0, 0)


@pytest.mark.parametrize(
    "more", [{"not_disclosed": {"reason": "LIFE_OR_SAFETY"}}, {"reference": "R-1"}, {"on_behalf_of": "132063"}]
)
def test_what_a_line_cannot_promise_is_refused_and_not_left_out(country: Country, more: dict[str, Any]) -> None:
    lines = lines_of(country, 2)
    answer = hand_in(country, [lines[0], lines[1] | more])
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "lines.1")
    assert (Bulk.objects.count(), record_count()) == (0, 0)


def test_no_more_than_a_hundred_errors(country: Country) -> None:
    answer = hand_in(country, [{"line": "x"}] * 200)
    assert (answer.status, len(answer.json["errors"])) == (400, 100)


@pytest.mark.parametrize("lines", [[], {}, "x", [1], [[]], [None]])
def test_what_is_not_a_list_of_lines(country: Country, lines: Any) -> None:
    assert hand_in(country, lines).status == 400


def test_at_most_ten_thousand_lines(country: Country) -> None:
    answer = hand_in(country, [{}] * 10_001)
    assert [error["field"] for error in answer.json["errors"]] == ["lines"]


def test_an_individual_number_is_no_line_and_no_reference(country: Country) -> None:
    lines = lines_of(country, 1)
    assert hand_in(country, lines, "123456789018").json["errors"][0]["field"] == "reference"
    lines[0]["line"] = "1234-5678-9018"
    assert hand_in(country, lines).json["errors"][0]["field"] == "lines.0.line"


def test_limits_of_an_agency(country: Country, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BULK_OPEN = 1
    monkeypatch.setattr(bulk_work, "queue", lambda bulk: None)
    assert hand_in(country, lines_of(country)).status == 202
    answer = hand_in(country, lines_of(country), "R-2")
    assert (answer.status, answer.kind, answer.headers["Retry-After"]) == (429, "bulk-limit", "60")
    settings.BULK_OPEN, settings.BULK_LINES_A_DAY = 5, 3
    answer = hand_in(country, lines_of(country), "R-2")
    assert (answer.status, answer.kind) == (429, "bulk-limit")
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400


def test_a_bulk_of_another_agency_and_one_of_nobody_look_the_same(country: Country) -> None:
    taken = hand_in(country, lines_of(country)).json["bulk"]
    for name in ("status", "results", "confirm", "cancel"):
        theirs, nobodys = (country.mitaka.post(f"{PATH}/{name}", {"bulk": bulk}) for bulk in (taken, str(uuid4())))
        assert (theirs.status, theirs.kind) == (404, "no-such-bulk")
        assert theirs.json == nobodys.json
    assert country.chofu.post(f"{PATH}/results", {"bulk": taken}).status == 200


def test_what_waits_is_pending_and_can_be_cancelled(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_work, "queue", lambda bulk: None)
    bulk = {"bulk": hand_in(country, lines_of(country)).json["bulk"]}
    status = country.chofu.post(f"{PATH}/status", bulk).json
    assert (status["state"], status["settled"]) == ("OPEN", 0)
    waiting = country.chofu.post(f"{PATH}/results", bulk).json["results"]
    assert [(line["outcome"], line["record"]) for line in waiting] == [("0101", None)] * 2
    unfinished = country.chofu.post(f"{PATH}/confirm", bulk)
    assert (unfinished.status, unfinished.kind) == (409, "bulk-not-ended")
    cancelled = country.chofu.post(f"{PATH}/cancel", bulk).json
    assert (cancelled["state"], cancelled["outcomes"]) == ("CANCELLED", [{"outcome": "4002", "lines": 2}])
    assert record_count() == 0


def test_without_a_broker_the_status_drives_it_on(country: Country, settings: Any) -> None:
    settings.BULK_SLICE_SECONDS = -1
    bulk = {"bulk": hand_in(country, lines_of(country)).json["bulk"]}
    assert country.chofu.post(f"{PATH}/status", bulk).json["settled"] == 0
    settings.BULK_SLICE_SECONDS = 2
    assert country.chofu.post(f"{PATH}/status", bulk).json["settled"] == 2


def test_a_broker_that_is_down_loses_nothing(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(bulk_work.work_on_bulk, "delay", broken)
    assert hand_in(country, lines_of(country)).status == 202
    monkeypatch.undo()
    assert bulk_work.queue_waiting(at=Bulk.objects.get().accepted_at) == 1
    assert Bulk.objects.get().state == "DONE"


def test_evidence_is_for_the_bulk(country: Country) -> None:
    lines = lines_of(country)
    wrong = hand_in(country, lines, **{"Mynx-Evidence": country.chofu.evidence()})
    assert (wrong.status, wrong.kind) == (400, "invalid-evidence")
    right = hand_in(country, lines, **{"Mynx-Evidence": country.chofu.evidence(case_number="R-1")})
    assert right.status == 202
