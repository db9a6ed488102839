"""Delivery across three databases: on record first, once only, and finished by a repeat after any crash."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from codes.rist1 import Code, MalformedCode
from crossings.deliver import Delivered, deliver_charge, deliver_notice
from exchange import delivery as exchange_delivery
from exchange.inquiry import Refused
from notifications import delivery as mailbox
from notifications.delivery import NotDeliverable
from notifications.delivery import ReferenceTaken as NoticeReferenceTaken
from notifications.models import Mailbox, Message
from payments import charging
from payments.charging import NotChargeable
from payments.charging import ReferenceTaken as ChargeReferenceTaken
from payments.models import Charge
from tests.api.sides import CHILD_ALLOWANCE, NURSERY, PDF, Country, new_country, new_point, record_count
from tests.support import DATABASES

pytestmark = DATABASES

AT = datetime(2026, 11, 22, 3, 0, 0, 123456, tzinfo=UTC)
DUE = date(2026, 12, 28)


@pytest.fixture
def country(db: None) -> Country:
    return new_country()


def notice(country: Country, *, at: datetime = AT, **changes: Any) -> Delivered:
    letter: dict[str, Any] = {
        "sender": country.chofu.agency,
        "code": country.chofu.code_for(country.hanako),
        "affair": CHILD_ALLOWANCE,
        "reference": "R-1",
        "subject": "Decision",
        "body": "Approved.",
        "documents": [("decision.pdf", PDF)],
    }
    return deliver_notice(**(letter | changes), at=at)


def charge(country: Country, *, at: datetime = AT, **changes: Any) -> Delivered:
    bill: dict[str, Any] = {
        "sender": country.chofu.agency,
        "code": country.chofu.code_for(country.hanako),
        "affair": NURSERY,
        "reference": "R-1",
        "title": "Nursery",
        "amount": 18500,
        "due_on": DUE,
    }
    return deliver_charge(**(bill | changes), at=at)


def outcomes(country: Country) -> list[str]:
    return [record.outcome for record in country.records_of(country.hanako, at=AT)]


def test_a_notice_reaches_the_portals_code(country: Country) -> None:
    delivered = notice(country)
    [record] = country.records_of(country.hanako, at=AT)
    assert delivered == Delivered(AT.replace(microsecond=0), record.reference, True)
    assert Message.objects.get().mailbox.portal_code == country.portal_code_of(country.hanako)
    assert (record.kind, record.data_set_name, record.outcome) == ("DELIVERY", "お知らせ", "0000")


def test_a_charge_reaches_the_portals_code(country: Country) -> None:
    delivered = charge(country)
    [record] = country.records_of(country.hanako, at=AT)
    assert delivered == Delivered(AT.replace(microsecond=0), record.reference, True)
    assert Charge.objects.get().portal_code == country.portal_code_of(country.hanako)
    assert (record.kind, record.data_set_name, record.outcome) == ("DELIVERY", "請求", "0000")


@pytest.mark.parametrize(("deliver", "model"), [(notice, Message), (charge, Charge)])
def test_a_repeat_delivers_nothing_and_is_on_record(country: Country, deliver: Any, model: Any) -> None:
    first = deliver(country)
    second = deliver(country, at=AT + timedelta(hours=1))
    assert (second.at, second.is_new) == (first.at, False)
    assert second.record != first.record
    assert model.objects.count() == 1
    assert outcomes(country) == ["0000", "0000"]


@pytest.mark.parametrize(
    ("deliver", "change", "error"),
    [
        (notice, {"body": "Refused."}, NoticeReferenceTaken),
        (notice, {"subject": ""}, NotDeliverable),
        (charge, {"amount": 1}, ChargeReferenceTaken),
        (charge, {"amount": 0}, NotChargeable),
    ],
)
def test_what_is_not_in_order_closes_its_record(country: Country, deliver: Any, change: Any, error: Any) -> None:
    deliver(country)
    with pytest.raises(error):
        deliver(country, **change)
    assert outcomes(country) == ["9000", "0000"]


def test_a_notice_and_a_charge_may_share_a_reference(country: Country) -> None:
    assert (notice(country).is_new, charge(country).is_new) == (True, True)


@pytest.mark.parametrize("deliver", [notice, charge])
def test_without_legal_basis(country: Country, deliver: Any) -> None:
    with pytest.raises(Refused) as refused:
        deliver(country, affair="JM90000000000017")
    assert refused.value.code == "2001"
    assert outcomes(country) == ["2001"]
    assert (Mailbox.objects.count(), Charge.objects.count()) == (0, 0)


@pytest.mark.parametrize("deliver", [notice, charge])
def test_a_code_of_nobody_is_delivered_alike(country: Country, deliver: Any) -> None:
    real = deliver(country)
    nobody = deliver(country, code=Code(new_point(), 1), reference="R-2")
    assert (nobody.at, nobody.is_new) == (real.at, real.is_new)


@pytest.mark.parametrize("deliver", [notice, charge])
def test_a_code_of_no_epoch_leaves_nothing(country: Country, deliver: Any) -> None:
    with pytest.raises(MalformedCode):
        deliver(country, code=Code(new_point(), 9))
    assert record_count() == 0


class Crash(Exception):
    """The process dies here."""


def crash(*args: Any, **kwargs: Any) -> Any:
    raise Crash


CASES = [(notice, (mailbox, "deliver"), Message), (charge, (charging, "issue"), Charge)]


@pytest.mark.parametrize(("deliver", "act", "model"), CASES)
def test_a_crash_before_it_lies_there(
    country: Country, monkeypatch: pytest.MonkeyPatch, deliver: Any, act: Any, model: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(*act, crash)
        with pytest.raises(Crash):
            deliver(country)
    assert (outcomes(country), model.objects.count()) == ([""], 0)
    assert deliver(country).is_new
    assert (outcomes(country), model.objects.count()) == (["0000", ""], 1)


@pytest.mark.parametrize(("deliver", "act", "model"), CASES)
def test_a_crash_after_it_lies_there(
    country: Country, monkeypatch: pytest.MonkeyPatch, deliver: Any, act: Any, model: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(exchange_delivery, "complete", crash)
        with pytest.raises(Crash):
            deliver(country)
    assert (outcomes(country), model.objects.count()) == ([""], 1)
    assert not deliver(country).is_new
    assert (outcomes(country), model.objects.count()) == (["0000", ""], 1)


@pytest.mark.parametrize(("deliver", "act", "model"), CASES)
def test_the_record_comes_first(
    country: Country, monkeypatch: pytest.MonkeyPatch, deliver: Any, act: Any, model: Any
) -> None:
    seen = []
    real = getattr(*act)

    def spy(**kwargs: Any) -> Any:
        seen.append(record_count())
        return real(**kwargs)

    monkeypatch.setattr(*act, spy)
    deliver(country)
    assert (seen, record_count()) == ([1], 2)


def test_the_receipt_says_nothing_about_the_person(country: Country) -> None:
    assert set(Delivered.__dataclass_fields__) == {"at", "record", "is_new"}
