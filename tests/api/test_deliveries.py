"""Notices and charges over HTTP: delivered once, on record, the same for everyone."""

from __future__ import annotations

from typing import Any

import pytest

from codes.rist1 import Code, format_code
from exchange import delivery, ledger
from notifications import delivery as mailbox
from notifications.models import Mailbox, Message
from payments.models import Charge
from tests.api.sides import PDF, PENSION_SERVICE, Answered, Country, new_point, new_side, record_count
from tests.support import DATABASES

pytestmark = DATABASES

NOTICES, CHARGES = "/api/v1/notices", "/api/v1/charges"


def test_a_notice_lies_in_the_mailbox(country: Country) -> None:
    answer = country.chofu.post(NOTICES, country.notice(kind="DECISION"))
    message = Message.objects.get()
    [record] = country.records_of(country.hanako)
    assert answer.status == 201
    assert answer.json == {
        "reference": "CA-2026-0417-1",
        "delivered_at": answer.json["delivered_at"],
        "record": record.reference,
    }
    assert message.mailbox.portal_code == country.portal_code_of(country.hanako)
    assert (message.sender, message.kind, message.subject) == ("132080", "DECISION", "児童手当 認定通知書")
    assert [(d.name, d.content) for d in message.documents.all()] == [("認定通知書.pdf", PDF)]
    assert (record.inquirer.local_code, record.kind, record.outcome) == ("132080", "DELIVERY", "0000")


def test_a_charge_is_issued(country: Country) -> None:
    answer = country.chofu.post(CHARGES, country.charge())
    charge = Charge.objects.get()
    [record] = country.records_of(country.hanako)
    assert answer.status == 201
    assert (answer.json["reference"], answer.json["record"]) == ("NF-2026-12", record.reference)
    assert (charge.agency, charge.amount, str(charge.due_on), charge.title) == (
        "132080",
        18500,
        "2026-12-28",
        "保育料 12月分",
    )
    assert (charge.portal_code, charge.state) == (country.portal_code_of(country.hanako), "ISSUED")


def deliveries(country: Country) -> list[tuple[str, dict[str, Any], type]]:
    return [(NOTICES, country.notice(), Message), (CHARGES, country.charge(), Charge)]


def test_the_same_again_changes_nothing(country: Country) -> None:
    for path, body, model in deliveries(country):
        first, second = (country.chofu.post(path, body) for _ in range(2))
        assert (first.status, second.status) == (201, 200)
        assert without_record(first) == without_record(second)
        assert model.objects.count() == 1


def without_record(answer: Answered) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if name != "record"}


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (NOTICES, {"subject": "another"}),
        (NOTICES, {"body": "another"}),
        (NOTICES, {"documents": []}),
        (NOTICES, {"kind": "DECISION"}),
        (CHARGES, {"amount": 18501}),
        (CHARGES, {"title": "another"}),
        (CHARGES, {"due_on": "2026-12-29"}),
    ],
)
def test_other_content_under_the_same_reference(country: Country, path: str, change: dict[str, Any]) -> None:
    body = country.notice() if path == NOTICES else country.charge()
    assert country.chofu.post(path, body).status == 201
    answer = country.chofu.post(path, body | change)
    assert (answer.status, answer.kind) == (409, "reference-taken")
    assert set(answer.json) == {"type", "title", "status", "detail"}
    assert (Message.objects.count(), Charge.objects.count()) == ((1, 0) if path == NOTICES else (0, 1))
    assert [record.outcome for record in country.records_of(country.hanako)] == ["9000", "0000"]


def test_the_same_reference_for_another_person(country: Country) -> None:
    for path, body, model in deliveries(country):
        assert country.chofu.post(path, body).status == 201
        other = body | {"code": country.chofu.printed_code_for(country.kenji)}
        answer = country.chofu.post(path, other)
        assert (answer.status, answer.kind) == (409, "reference-taken")
        assert model.objects.count() == 1


def test_two_agencies_may_use_one_reference(country: Country) -> None:
    assert country.chofu.post(NOTICES, country.notice()).status == 201
    body = country.notice(code=country.mitaka.printed_code_for(country.hanako))
    assert country.mitaka.post(NOTICES, body).status == 201
    assert [message.mailbox.portal_code for message in Message.objects.all()] == [
        country.portal_code_of(country.hanako)
    ] * 2


def test_nobody_gets_the_same_receipt(country: Country) -> None:
    """A mailbox needs no account and no person: the sender cannot tell."""
    codes = [country.chofu.printed_code_for(country.hanako), format_code(Code(new_point(), 1))]
    for path, body in ((NOTICES, country.notice()), (CHARGES, country.charge())):
        answers = [country.chofu.post(path, body | {"code": c, "reference": f"R-{i}"}) for i, c in enumerate(codes)]
        assert [answer.status for answer in answers] == [201, 201]
        assert [list(answer.json) for answer in answers] == [list(answers[0].json)] * 2
        assert len({len(answer.text) for answer in answers}) == 1
    assert Mailbox.objects.count() == 2


@pytest.mark.parametrize("path", [NOTICES, CHARGES])
def test_without_legal_basis_nothing_is_delivered(country: Country, path: str) -> None:
    body = (country.notice() if path == NOTICES else country.charge()) | {"affair": "JM90000000000017"}
    answer = country.chofu.post(path, body)
    assert (answer.status, answer.kind, answer.json["code"]) == (403, "no-legal-basis", "2001")
    [record] = country.records_of(country.hanako)
    assert (record.reference, record.is_refused) == (answer.json["record"], True)
    assert (Mailbox.objects.count(), Charge.objects.count()) == (0, 0)


def test_an_agency_of_another_kind_may_not_write(country: Country) -> None:
    pension = new_side(PENSION_SERVICE)
    body = country.notice(code=pension.printed_code_for(country.hanako))
    answer = pension.post(NOTICES, body)
    assert (answer.status, answer.kind) == (403, "no-legal-basis")
    assert Message.objects.count() == 0


class Down(Exception):
    """Stands for a failure in the middle."""


def test_a_crash_before_the_letter_leaves_a_record_and_can_be_repeated(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**kwargs: Any) -> Any:
        raise Down

    with monkeypatch.context() as patch:
        patch.setattr(mailbox, "deliver", fail)
        answer = country.chofu.post(NOTICES, country.notice())
    assert (answer.status, answer.kind) == (500, "internal-error")
    assert [record.outcome for record in country.records_of(country.hanako)] == [""]
    assert country.chofu.post(NOTICES, country.notice()).status == 201
    assert Message.objects.count() == 1


def test_a_crash_after_the_letter_is_finished_by_a_repeat(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise Down

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "complete", fail)
        assert country.chofu.post(NOTICES, country.notice()).status == 500
    assert Message.objects.count() == 1
    assert country.chofu.post(NOTICES, country.notice()).status == 200
    assert Message.objects.count() == 1
    assert [record.outcome for record in country.records_of(country.hanako)] == ["0000", ""]


def test_without_its_record_nothing_is_delivered(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise Down

    monkeypatch.setattr(ledger, "record", fail)
    for path, body, model in deliveries(country):
        assert country.chofu.post(path, body).status == 500
        assert model.objects.count() == 0
    assert record_count() == 0
