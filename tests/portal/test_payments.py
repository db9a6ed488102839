"""Pages of payments: two clicks, a clear word at every end, and a webhook that believes a signature only."""

from __future__ import annotations

import datetime
import json
import re
import uuid

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from payments.models import Charge, Journal, Payment, ProviderEvent
from payments.providers.base import Result
from payments.providers.sandbox import PAGE
from sandbox_bank import events, orders
from tests.mailing import MINUTE, bill, chofu, citizen, event, new_code, order, tell
from tests.support import DATABASES

NOT_MINE = "3f1d3c1e-6c5b-4a8e-9d59-0d3f6a1f7b10"  # fixed: two workers must collect the same tests

pytestmark = DATABASES

WEBHOOK = "/payments/webhook/"


@pytest.fixture
def hanako(client: Client) -> User:
    chofu()
    user = citizen()
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return user


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def pay(client: Client, charge: Charge) -> Payment:
    answer = client.post(reverse("portal:pay", args=[charge.pk]))
    assert answer.status_code == 303
    assert answer["Location"].startswith(PAGE)
    return Payment.objects.get(charge=charge, order=orders.read(answer["Location"].partition("?order=")[2]).token)


def post_event(client: Client, body: bytes, signature: str | None = None) -> tuple[int, dict[str, object]]:
    made = events.signature_of(body, at=timezone.now()) if signature is None else signature
    answer = client.post(WEBHOOK, body, content_type="application/json", headers={"Bank-Signature": made})
    return answer.status_code, json.loads(answer.content)


def test_an_empty_list_says_so(client: Client, hanako: User) -> None:
    assert "There is nothing to pay" in text_of(client, reverse("portal:payments"))


def test_the_list_shows_due_overdue_and_paid(client: Client, hanako: User) -> None:
    today = timezone.localdate()
    bill(hanako.portal_code, title="Due", due_on=today)
    bill(hanako.portal_code, title="Overdue", due_on=today - datetime.timedelta(days=1))
    tell(order(bill(hanako.portal_code, title="Done")))
    bill(new_code(), title="Somebody else's")
    page = text_of(client, reverse("portal:payments"))
    places = [page.index(f">{title}<") for title in ("Overdue", "Due", "Done")]
    assert places == sorted(places)
    assert page.count("The day has passed") == 1
    assert "Somebody else" not in page
    assert "Chofu City" in page


def test_a_bill_has_one_button_and_paying_leads_to_the_bank(client: Client, hanako: User) -> None:
    charge = bill(hanako.portal_code)
    page = text_of(client, reverse("portal:payment", args=[charge.pk]))
    main = page[page.index("<main") : page.index("</main")]
    assert main.count("<button") == 1
    assert "¥18,500" in main
    payment = pay(client, charge)
    told = orders.read(client.post(reverse("portal:pay", args=[charge.pk]))["Location"].partition("?order=")[2])
    assert told.return_url == reverse("portal:payment-return", args=[charge.pk])
    assert told.notify_url == settings.SANDBOX_BANK_NOTIFY_ORIGIN + WEBHOOK
    assert (told.token, told.payee) == (payment.order, "Chofu City")


def test_after_the_bank_the_page_says_paid_and_leads_to_the_receipt(client: Client, hanako: User) -> None:
    charge = bill(hanako.portal_code)
    payment = pay(client, charge)
    back = reverse("portal:payment-return", args=[charge.pk])
    waiting = text_of(client, back)
    assert "We are waiting for the bank" in waiting
    assert "payment_waiting.js" in waiting
    assert '<button class="button">Pay' not in waiting
    assert post_event(client, event(payment)) == (200, {"outcome": "ACCEPTED"})
    page = text_of(client, back)
    assert "Paid. Thank you." in page
    assert "payment_waiting.js" not in page
    receipt = re.search(r'href="(/mailbox/[^"]+)"', page[page.index("<main") :])
    assert receipt is not None
    letter = text_of(client, receipt[1])
    assert "receipt" in letter.lower()
    document = re.search(r'href="(/mailbox/documents/[^"?]+)"', letter)
    assert document is not None
    assert client.get(document[1]).content.startswith(b"%PDF-")


def test_after_a_cancelled_payment_the_page_says_what_to_do(client: Client, hanako: User) -> None:
    charge = bill(hanako.portal_code)
    payment = pay(client, charge)
    assert post_event(client, event(payment, Result.FAILED)) == (200, {"outcome": "NOTED"})
    page = text_of(client, reverse("portal:payment-return", args=[charge.pk]))
    assert "The payment was not completed" in page
    assert reverse("portal:pay", args=[charge.pk]) in page


def test_an_order_that_ran_out_is_not_waited_for(client: Client, hanako: User) -> None:
    charge = bill(hanako.portal_code)
    order(charge, timezone.now() - 31 * MINUTE)
    page = text_of(client, reverse("portal:payment-return", args=[charge.pk]))
    assert "The payment was not completed" in page
    assert "waiting" not in page


def test_returning_without_a_payment_shows_the_bill(client: Client, hanako: User) -> None:
    charge = bill(hanako.portal_code)
    answer = client.get(reverse("portal:payment-return", args=[charge.pk]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("portal:payment", args=[charge.pk]))


def test_paying_a_paid_bill_is_refused_with_a_clear_page(client: Client, hanako: User) -> None:
    charge = bill(hanako.portal_code)
    tell(order(charge))
    before = (Payment.objects.count(), Journal.objects.count())
    answer = client.post(reverse("portal:pay", args=[charge.pk]))
    assert answer.status_code == 409
    assert "This bill is already paid" in answer.content.decode()
    assert (Payment.objects.count(), Journal.objects.count()) == before
    assert '<button class="button button--large"' not in text_of(client, reverse("portal:payment", args=[charge.pk]))


def test_a_second_payment_is_said_to_go_back(client: Client, hanako: User) -> None:
    charge = bill(hanako.portal_code)
    now = timezone.now()
    first, second = order(charge, now - 20 * MINUTE), order(charge, now)
    post_event(client, event(first))
    assert post_event(client, event(second)) == (200, {"outcome": "RETURNED"})
    page = text_of(client, reverse("portal:payment-return", args=[charge.pk]))
    assert "Your second payment is being returned" in page
    assert "Paid. Thank you." in page


def test_without_a_provider_the_page_says_how_else_to_pay(
    client: Client, hanako: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge = bill(hanako.portal_code)
    monkeypatch.setattr(settings, "PRODUCTION", True)
    answer = client.post(reverse("portal:pay", args=[charge.pk]))
    assert answer.status_code == 503
    assert "Chofu City" in answer.content.decode()
    assert post_event(client, b"{}")[0] == 503


@pytest.mark.parametrize("page", ["portal:payment", "portal:payment-return", "portal:pay"])
def test_a_strangers_bill_is_like_one_that_does_not_exist(client: Client, hanako: User, page: str) -> None:
    send = client.post if page == "portal:pay" else client.get
    theirs = send(reverse(page, args=[bill(new_code()).pk]))
    none = send(reverse(page, args=[uuid.uuid4()]))
    assert (theirs.status_code, none.status_code) == (404, 404)
    assert plain(theirs.content.decode()) == plain(none.content.decode())
    assert Payment.objects.count() == 0


def plain(text: str) -> str:
    """The page without what differs for any two requests: its own address and the form's token."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text)


@pytest.mark.parametrize("path", ["/payments/", f"/payments/{NOT_MINE}/", f"/payments/{NOT_MINE}/return/"])
def test_nobody_is_led_to_the_sign_in(client: Client, path: str) -> None:
    assert client.get(path)["Location"].partition("?")[0] == settings.LOGIN_URL


def test_paying_is_a_post_with_a_token(hanako: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(hanako)
    path = reverse("portal:pay", args=[bill(hanako.portal_code).pk])
    assert strict.get(path).status_code == 405
    assert strict.post(path).status_code == 403
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("signature", ["", "t=1,ed25519=" + "A" * 86, "nonsense"])
def test_a_wrong_signature_is_a_problem_and_changes_nothing(client: Client, hanako: User, signature: str) -> None:
    payment = pay(client, bill(hanako.portal_code))
    answer = client.post(
        WEBHOOK, event(payment), content_type="application/json", headers={"Bank-Signature": signature}
    )
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "wrong-signature"
    assert Payment.objects.get().state == Payment.State.STARTED
    assert ProviderEvent.objects.count() == 0


def test_refusals_name_their_reason(client: Client, hanako: User) -> None:
    payment = pay(client, bill(hanako.portal_code))
    told = {
        "amount-mismatch": event(payment, amount=1),
        "unknown-order": event(payment, order="x" * 43),
        "malformed-event": b"{}",
        "event-refused": b"x" * 10_001,
    }
    assert {code: post_event(client, body)[1]["code"] for code, body in told.items()} == {code: code for code in told}
    assert Payment.objects.get().state == Payment.State.STARTED


def test_the_webhook_takes_posts_only_and_needs_no_session(client: Client) -> None:
    assert client.get(WEBHOOK).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(WEBHOOK, b"{}", content_type="application/json").status_code == 400


def test_the_list_asks_as_often_for_three_bills_as_for_one(client: Client, hanako: User) -> None:
    def asked() -> int:
        with (
            CaptureQueriesContext(connections["default"]) as own,
            CaptureQueriesContext(connections["exchange"]) as other,
        ):
            assert client.get(reverse("portal:payments")).status_code == 200
        return len(own) + len(other)

    bill(hanako.portal_code)
    one = asked()
    bill(hanako.portal_code, agency="132047")
    tell(order(bill(hanako.portal_code)))
    assert asked() == one
