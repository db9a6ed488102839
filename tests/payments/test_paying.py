"""Whatever the bank sends, twice, late, altered or in another order: a bill is paid once, and the books are right."""

from __future__ import annotations

import datetime
import io
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from codes.rist1 import format_code
from notifications.models import Message
from payments import charging, paying, providers, receipts
from payments.models import Charge, Journal, Line, Payment, ProviderEvent
from payments.providers.base import EventRefused, MalformedEvent, NoProvider, Result, WrongSignature
from sandbox_bank import events, orders
from tests.mailing import MINUTE, NOW, balances, bill, chofu, citizen, event, letter, new_code, order, tell
from tests.support import DATABASES

pytestmark = DATABASES


@pytest.fixture
def charge() -> Charge:
    chofu()
    return bill(citizen().portal_code)


def snapshot() -> list[Any]:
    models = (Charge, Payment, ProviderEvent, Journal, Line, Message)
    return [list(model.objects.order_by("pk").values()) for model in models]


def state_of(charge: Charge) -> str:
    return Charge.objects.get(pk=charge.pk).state


def test_a_payment_is_booked_and_its_receipt_lies_in_the_mailbox(charge: Charge) -> None:
    assert tell(order(charge)) == "ACCEPTED"
    assert state_of(charge) == "PAID"
    assert balances() == {"clearing:sandbox": 18_500, "income:132080": -18_500}
    receipt = receipts.receipt_of(charge)
    assert receipt is not None
    assert (receipt.kind, receipt.sender) == ("RECEIPT", "132080")
    assert receipt.subject == "領収書：保育料 2026年7月分"
    document = receipt.documents.get()
    assert document.name == "領収書.pdf"
    pages = PdfReader(io.BytesIO(document.content)).pages
    text = "".join(page.extract_text() for page in pages)
    for told in ("領収書", "保育料 2026年7月分", "18,500円", "調布市", charge.agency_reference):
        assert told in text


def test_the_receipt_speaks_the_payers_language() -> None:
    chofu()
    charge = bill(citizen("en").portal_code, title="Nursery fee, July 2026")
    tell(order(charge))
    receipt = receipts.receipt_of(charge)
    assert receipt is not None
    assert receipt.subject == "Receipt: Nursery fee, July 2026"
    assert "Chofu City" in PdfReader(io.BytesIO(receipt.documents.get().content)).pages[0].extract_text()


def test_the_agencys_own_reference_never_stands_in_the_way_of_a_receipt(charge: Charge) -> None:
    letter(charge.portal_code, reference=str(charge.pk))
    assert tell(order(charge)) == "ACCEPTED"


def test_starting_twice_leads_to_one_order(charge: Charge) -> None:
    assert order(charge).order == order(charge, NOW + 14 * MINUTE).order
    later = order(charge, NOW + 16 * MINUTE)
    assert sorted(Payment.objects.values_list("state", flat=True)) == ["FAILED", "STARTED"]
    assert later.order != Payment.objects.get(state="FAILED").order


def test_a_stranger_cannot_start(charge: Charge) -> None:
    with pytest.raises(Charge.DoesNotExist):
        paying.start(charge=charge, user=citizen(), return_url="/", notify_url="/", payee="", at=NOW)
    assert Payment.objects.count() == 0


def test_a_paid_bill_takes_no_second_order(charge: Charge) -> None:
    tell(order(charge))
    before = snapshot()
    with pytest.raises(charging.NotOpen):
        order(charge)
    assert snapshot() == before


def test_the_same_event_again_changes_nothing_and_is_answered_alike(charge: Charge) -> None:
    payment = order(charge)
    tell(payment)
    before = snapshot()
    assert [tell(payment, at=NOW + MINUTE * n) for n in range(3)] == ["ACCEPTED"] * 3
    assert snapshot() == before


def test_money_for_a_paid_bill_goes_back_and_the_payer_is_told(charge: Charge) -> None:
    first, second = order(charge), order(charge, NOW + 20 * MINUTE)
    assert tell(second) == "ACCEPTED"
    assert tell(first) == "RETURNED"
    assert tell(first, at=NOW + MINUTE) == "RETURNED"
    assert sorted(Payment.objects.values_list("state", flat=True)) == ["RETURNED", "SUCCEEDED"]
    assert balances() == {"clearing:sandbox": 18_500, "income:132080": -18_500}
    assert Journal.objects.filter(kind__in=["RECEIVED_TWICE", "RETURNED"], payment=first).count() == 2
    assert sorted(Message.objects.values_list("kind", flat=True)) == ["NOTICE", "RECEIPT"]


def test_money_for_a_cancelled_bill_goes_back(charge: Charge) -> None:
    payment = order(charge)
    charging.cancel(charge=charge, at=NOW)
    assert tell(payment) == "RETURNED"
    assert state_of(charge) == "CANCELLED"
    assert balances() == {}


def test_a_cancelled_payment_leaves_the_bill_open(charge: Charge) -> None:
    assert tell(order(charge), Result.FAILED) == "NOTED"
    assert state_of(charge) == "ISSUED"
    assert tell(order(charge)) == "ACCEPTED"


def test_success_after_failure_counts_and_failure_after_success_does_not(charge: Charge) -> None:
    payment = order(charge)
    tell(payment, Result.FAILED)
    assert tell(payment) == "ACCEPTED"
    assert tell(payment, Result.FAILED, id="another") == "NOTED"
    assert (state_of(charge), Payment.objects.get().state) == ("PAID", "SUCCEEDED")


@pytest.mark.parametrize("change", [{"amount": 18_499}, {"amount": 1}, {"order": "x" * 43}])
def test_another_amount_or_order_is_refused_and_nothing_changes(charge: Charge, change: dict[str, Any]) -> None:
    payment = order(charge)
    before = snapshot()
    with pytest.raises((paying.AmountMismatch, paying.UnknownOrder)):
        tell(payment, **change)
    assert snapshot() == before


def test_an_event_id_with_another_content_is_refused(charge: Charge) -> None:
    payment = order(charge)
    tell(payment, Result.FAILED, id="e1")
    before = snapshot()
    with pytest.raises(paying.EventAltered):
        tell(payment, Result.SUCCEEDED, id="e1")
    assert snapshot() == before


def test_a_wrong_signature_is_refused_and_nothing_changes(charge: Charge) -> None:
    payment = order(charge)
    body = event(payment)
    good = events.signature_of(body, at=NOW)
    turned = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    before = snapshot()
    for signature in (
        "",
        "t=1",
        turned,
        good.replace("t=", "t=1"),
        good.upper(),
        good + "=",
        events.signature_of(b"x", at=NOW),
    ):
        with pytest.raises(WrongSignature):
            paying.settle(event=body, signature=signature, at=NOW)
    with pytest.raises(WrongSignature):
        paying.settle(event=event(payment, Result.FAILED), signature=good, at=NOW)
    assert snapshot() == before


@pytest.mark.parametrize("seconds", [-301, 301, 86_400, -86_400])
def test_a_signature_that_is_not_of_now_is_refused(charge: Charge, seconds: int) -> None:
    payment = order(charge)
    body = event(payment)
    before = snapshot()
    with pytest.raises(WrongSignature):
        then = NOW + datetime.timedelta(seconds=seconds)
        paying.settle(event=body, signature=events.signature_of(body, at=then), at=NOW)
    assert snapshot() == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"id":"1"}',
        b'{"id":1,"type":"payment.succeeded","order":"x","amount":1,"currency":"JPY"}',
        b'{"id":"1","type":"payment.maybe","order":"x","amount":1,"currency":"JPY"}',
        b'{"id":"1","type":"payment.succeeded","order":"x","amount":1.0,"currency":"JPY"}',
        b'{"id":"1","type":"payment.succeeded","order":"x","amount":true,"currency":"JPY"}',
        b'{"id":"1","type":"payment.succeeded","order":["x"],"amount":1,"currency":"JPY"}',
        b'{"id":"1","type":"payment.succeeded","order":"x","amount":1,"currency":"USD"}',
        b'{"id":"","type":"payment.succeeded","order":"x","amount":1,"currency":"JPY"}',
        b"\xff\xfe",
    ],
)
def test_a_signed_event_in_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        paying.settle(event=body, signature=events.signature_of(body, at=NOW), at=NOW)


def test_every_refusal_is_one_kind_of_error() -> None:
    kinds = (WrongSignature, MalformedEvent, paying.UnknownOrder, paying.AmountMismatch, paying.EventAltered)
    assert all(issubclass(kind, EventRefused) for kind in kinds)
    assert len({kind.code for kind in kinds}) == 5


def test_no_sandbox_in_production(charge: Charge, settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(NoProvider):
        providers.current()
    with pytest.raises(NoProvider):
        order(charge)
    with pytest.raises(NoProvider):
        paying.settle(event=b"", signature="", at=NOW)
    with pytest.raises(NoProvider):
        providers.named("real-bank")


def test_a_receipt_that_cannot_be_drawn_leaves_the_bill_unpaid(charge: Charge, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no font")

    payment = order(charge)
    before = snapshot()
    with monkeypatch.context() as patched:
        patched.setattr(receipts, "deliver", broken)
        with pytest.raises(RuntimeError):
            tell(payment)
    assert snapshot() == before
    assert tell(payment) == "ACCEPTED"


_EVENTS = st.lists(
    st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from([Result.SUCCEEDED, Result.FAILED])), min_size=1, max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=_EVENTS, seed=st.integers(0, 2**32))
def test_any_order_and_repetition_of_events_ends_alike(
    charge: Charge, told: list[tuple[int, Result]], seed: int
) -> None:
    """Three orders for one bill; the events in two orders with repetitions: the same end, and the books sum to zero."""
    shuffled = told + told[: len(told) // 2]
    random.Random(seed).shuffle(shuffled)
    ends = []
    for sequence in (told, shuffled):
        one = bill(citizen().portal_code)
        payments = [order(one, NOW + n * 16 * MINUTE) for n in range(3)]
        for index, result in sequence:
            tell(payments[index], result)
        lines = Line.objects.filter(journal__charge=one).values_list("account", "amount")
        assert sum(amount for _, amount in lines) == 0
        states = sorted(Payment.objects.filter(charge=one).values_list("state", flat=True))
        assert states.count("SUCCEEDED") == (1 if state_of(one) == "PAID" else 0)
        letters = Message.objects.filter(mailbox__portal_code=one.portal_code).values_list("kind", flat=True)
        ends.append((state_of(one), states, sorted(lines), sorted(letters)))
    assert ends[0] == ends[1]


def test_the_order_tells_the_bank_nothing_about_the_payer(charge: Charge) -> None:
    user = citizen()
    mine = bill(user.portal_code)
    page = paying.start(charge=mine, user=user, return_url="/r", notify_url="http://x/", payee="調布市", at=NOW)
    told = orders.read(page.partition("?order=")[2])
    assert (told.amount, told.payee, told.return_url, told.notify_url) == (18_500, "調布市", "/r", "http://x/")
    assert not told.is_valid(NOW + 30 * MINUTE)
    assert told.is_valid(NOW + 29 * MINUTE)
    for secret in (format_code(user.portal_code), mine.title, mine.agency_reference, str(user.pk), str(mine.pk)):
        assert secret not in repr(told)


def test_a_bill_of_nobody_waits_and_harms_nothing() -> None:
    assert bill(new_code()).is_open()
