"""Inquiries that are not over at once, from both sides of the agencies' door."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from exchange.inquiry_models import CallbackAddress, Inquiry
from exchange.models import AccessRecord
from holdings.models import WaitingQuestion
from tests.api.sides import CHOFU, INCOME, LOCAL_TAX, MITAKA, PENSION_SERVICE, SALARY, TOTAL_INCOME, Country, new_side
from tests.support import DATABASES

pytestmark = DATABASES
INQUIRIES, RESULT, CANCEL = "/api/v1/inquiries", "/api/v1/inquiries/result", "/api/v1/inquiries/cancel"
CALLBACK, WAITING = "/api/v1/inquiries/callback", "/api/v1/provisions/waiting"
DECIDE, BY_HAND = "/api/v1/provisions/decide", "/api/v1/provisions/by-hand"


@pytest.fixture
def mitaka(country: Country) -> Any:
    """The provider, which decides by hand about local tax."""
    side = new_side(MITAKA)
    answered = side.post(BY_HAND, {"data_set": LOCAL_TAX, "by_hand": True})
    assert (answered.status, answered.json) == (200, {"by_hand": True})
    return side


def asked(country: Country, **changes: Any) -> str:
    answered = country.chofu.post(INQUIRIES, country.inquiry(**changes))
    assert answered.status == 202, answered.text
    return str(answered.json["record"])


def waits(side: Any) -> dict[str, Any]:
    [found] = side.post(WAITING, {}).json["waiting"]
    return dict(found)


def decide(side: Any, record: str, **changes: Any) -> Any:
    return side.post(DECIDE, {"record": record, "decision": "ANSWER", "reason": "checked", **changes})


def test_a_promise_and_then_the_answer(country: Country, mitaka: Any) -> None:
    promised = country.chofu.post(INQUIRIES, country.inquiry(items=[TOTAL_INCOME]))
    assert promised.status == 202
    assert set(promised.json) == {"outcome", "record", "legal_basis", "asked_at", "ends_at", "result"}
    assert (promised.json["outcome"], promised.json["result"]) == ("0109", RESULT)
    own = {"record": promised.json["record"]}
    still = country.chofu.post(RESULT, own)
    assert (still.status, still.json) == (202, promised.json)
    question = waits(mitaka)
    assert question["record"] != promised.json["record"]
    assert (question["inquirer"], question["items"], question["data_set"]) == (CHOFU, [TOTAL_INCOME], LOCAL_TAX)
    assert question["code"] == mitaka.printed_code_for(country.hanako)
    decided = decide(mitaka, question["record"])
    assert (decided.status, decided.json["outcome"]) == (200, "0000")
    answered = country.chofu.post(RESULT, own)
    assert (answered.status, answered.json["outcome"]) == (200, "0000")
    assert [item["value"] for item in answered.json["items"]] == [INCOME]
    assert answered.json["record"] == promised.json["record"]
    assert mitaka.post(WAITING, {"limit": 5}).json == {"waiting": []}


def test_the_provider_gives_items_of_its_own_or_declines(country: Country, mitaka: Any) -> None:
    first = asked(country, items=[TOTAL_INCOME])
    record = waits(mitaka)["record"]
    wrong = decide(mitaka, record, items=[{"code": SALARY, "value": "1"}])
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, "items")
    assert decide(mitaka, record, items=[{"code": TOTAL_INCOME, "null_reason": "WITHHELD"}]).status == 200
    [item] = country.chofu.post(RESULT, {"record": first}).json["items"]
    assert (item["value"], item["null_reason"]) == (None, "WITHHELD")
    second = asked(country)
    record = waits(mitaka)["record"]
    for _ in range(2):
        assert decide(mitaka, record, decision="DECLINE").json["outcome"] == "4001"
    assert country.chofu.post(RESULT, {"record": second}).json["outcome"] == "4001"


@pytest.mark.parametrize("whose", ["inquirer's", "other's", "invented"])
def test_who_may_not_know_it_learns_nothing(country: Country, mitaka: Any, whose: str) -> None:
    record = asked(country)
    question = waits(mitaka)["record"]
    pension = new_side(PENSION_SERVICE)
    if whose == "invented":
        record = question = str(uuid.uuid4())
    answers = [pension.post(RESULT, {"record": record}), pension.post(CANCEL, {"record": record})]
    answers += [mitaka.post(RESULT, {"record": record}), country.chofu.post(RESULT, {"record": question})]
    answers += [decide(pension, question), decide(country.chofu, question), decide(mitaka, record)]
    assert {(each.status, each.kind) for each in answers} == {(404, "unknown-record")}
    assert len({each.text for each in answers}) == 1
    assert pension.post(WAITING, {}).json == {"waiting": []}


def test_it_is_taken_back_and_then_too_late_to_answer(country: Country, mitaka: Any) -> None:
    own = {"record": asked(country)}
    question = waits(mitaka)["record"]
    for _ in range(2):
        cancelled = country.chofu.post(CANCEL, own)
        assert (cancelled.status, cancelled.json["outcome"], cancelled.json["items"]) == (200, "4002", [])
    late = decide(mitaka, question)
    assert (late.status, late.kind, late.json["code"], late.json["record"]) == (409, "has-ended", "4002", question)
    assert country.chofu.post(RESULT, own).json["outcome"] == "4002"


def test_nobody_decides_in_time(country: Country, mitaka: Any) -> None:
    own = {"record": asked(country)}
    question = waits(mitaka)["record"]
    Inquiry.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    WaitingQuestion.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert mitaka.post(WAITING, {}).json == {"waiting": []}
    assert decide(mitaka, question).json["code"] == "5002"
    assert country.chofu.post(RESULT, own).json["outcome"] == "5002"
    assert country.chofu.post(CANCEL, own).json["code"] == "5002"


def test_a_reference_makes_it_safe_to_repeat(country: Country) -> None:
    first = country.chofu.post(INQUIRIES, country.inquiry(reference="CA-1"))
    again = country.chofu.post(INQUIRIES, country.inquiry(reference="CA-1"))
    assert first.status == again.status == 200
    assert first.json == again.json
    assert country.chofu.post(RESULT, {"record": first.json["record"]}).json == first.json
    other = country.chofu.post(INQUIRIES, country.inquiry(reference="CA-1", items=[SALARY]))
    assert (other.status, other.kind) == (409, "reference-taken")
    assert AccessRecord.objects.count() == 2
    Inquiry.objects.update(answer_sealed=None)
    erased = country.chofu.post(INQUIRIES, country.inquiry(reference="CA-1"))
    assert (erased.status, erased.kind) == (410, "answer-erased")


def test_a_refusal_under_a_reference_stays_one(country: Country) -> None:
    refused = [
        country.chofu.post(INQUIRIES, country.inquiry(reference="CA-1", affair="JM90000000000014")) for _ in range(2)
    ]
    assert [(each.status, each.json["code"]) for each in refused] == [(403, "2001")] * 2
    assert refused[0].json["record"] == refused[1].json["record"]
    assert country.chofu.post(RESULT, {"record": refused[0].json["record"]}).status == 403


def test_not_disclosed_is_kept_from_the_person(country: Country) -> None:
    body = country.inquiry(not_disclosed={"reason": "LIFE_OR_SAFETY", "until": "2199-04-01"})
    assert country.chofu.post(INQUIRIES, body).status == 200
    assert country.records_of(country.hanako) == []
    assert {row.disclosed_from.isoformat() for row in AccessRecord.objects.all()} == {"2199-04-01"}


def test_by_hand_for_one_person_and_back(country: Country) -> None:
    mitaka = new_side(MITAKA)
    one = {"data_set": LOCAL_TAX, "code": mitaka.printed_code_for(country.hanako)}
    assert mitaka.post(BY_HAND, {**one, "by_hand": True}).status == 200
    asked(country)
    assert mitaka.post(BY_HAND, {**one, "by_hand": False}).json == {"by_hand": False}
    assert country.chofu.post(INQUIRIES, country.inquiry()).status == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (RESULT, {"record": "x"}, "record"),
        (CANCEL, {}, "record"),
        (WAITING, {"limit": 0}, "limit"),
        (DECIDE, {"record": str(uuid.uuid4()), "decision": "MAYBE", "reason": "x"}, "decision"),
        (DECIDE, {"record": str(uuid.uuid4()), "decision": "DECLINE", "reason": "x", "items": []}, ""),
        (DECIDE, {"record": str(uuid.uuid4()), "decision": "DECLINE", "reason": "123456789018"}, "reason"),
        (
            DECIDE,
            {"record": str(uuid.uuid4()), "decision": "ANSWER", "reason": "x", "items": [{"code": TOTAL_INCOME}]},
            "items.0",
        ),
        (BY_HAND, {"data_set": LOCAL_TAX, "by_hand": "yes"}, "by_hand"),
        (BY_HAND, {"data_set": LOCAL_TAX, "by_hand": 1}, "by_hand"),
        (CALLBACK, {"url": "http://10.0.0.1/secret"}, "url"),
        (INQUIRIES, {"not_disclosed": {"reason": "BECAUSE"}}, "not_disclosed.reason"),
        (INQUIRIES, {"reference": "123456789018"}, "reference"),
    ],
)
def test_what_is_not_well_formed_is_named(country: Country, path: str, body: dict[str, Any], field: str) -> None:
    answered = country.chofu.post(path, country.inquiry(**body) if path == INQUIRIES else body)
    assert (answered.status, answered.kind) == (400, "invalid-request")
    assert [error["field"] for error in answered.json["errors"]] == [field]
    assert "10.0.0.1" not in answered.text and "123456789018" not in answered.text


def test_an_address_is_registered_and_withdrawn(country: Country) -> None:
    url = "http://127.0.0.1:8123/ended"
    assert country.chofu.post(CALLBACK, {"url": url}).json == {"is_registered": True}
    assert CallbackAddress.objects.get().url == url
    assert country.chofu.post(CALLBACK, {}).json == {"is_registered": False}
    assert not CallbackAddress.objects.exists()
