"""The bank takes orders of its merchant only, unchanged and in time; its events are the same whenever they are sent."""

from __future__ import annotations

import base64
import datetime
import json
import stat
from pathlib import Path

import pytest
from django.conf import settings

from keys import custody, publication
from payments.providers.base import Order, Result
from payments.providers.sandbox import SandboxBank
from sandbox_bank import events, orders
from tests.mailing import MINUTE, NOW


def raw(**changes: object) -> str:
    fields = {
        "token": "T" * 43,
        "amount": 18_500,
        "payee": "調布市",
        "return_url": "/payments/x/return/",
        "notify_url": "http://127.0.0.1:9/payments/webhook/",
        "valid_until": NOW + 30 * MINUTE,
    }
    return SandboxBank().page_for(Order(**(fields | changes))).partition("?order=")[2]


def test_an_order_is_read_as_it_was_signed() -> None:
    order = orders.read(raw())
    assert (order.token, order.amount, order.payee) == ("T" * 43, 18_500, "調布市")
    assert order.is_valid(NOW + 29 * MINUTE)
    assert not order.is_valid(NOW + 30 * MINUTE)


@pytest.mark.parametrize("wrong", ["", ".", "a.b", "a.b.c", "é.é", "%00.%00", "a" * 10_000])
def test_what_is_no_order_is_refused(wrong: str) -> None:
    raw()
    with pytest.raises(orders.OrderRefused):
        orders.read(wrong)


def test_a_changed_order_is_refused() -> None:
    body, _, signature = raw().partition(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    cheaper = base64.urlsafe_b64encode(json.dumps(told | {"amount": 1}).encode()).decode().rstrip("=")
    with pytest.raises(orders.OrderRefused):
        orders.read(f"{cheaper}.{signature}")


def test_an_order_holds_after_a_rotation_of_the_merchants_key() -> None:
    old = raw()
    custody.create("payment-order")
    assert orders.read(raw()).amount == 18_500
    assert orders.read(old).amount == 18_500


def test_an_event_is_the_same_whenever_it_is_sent() -> None:
    order = orders.read(raw())
    assert events.body_of(order, events.SUCCEEDED) == events.body_of(order, events.SUCCEEDED)
    assert events.body_of(order, events.SUCCEEDED) != events.body_of(order, events.FAILED)
    body = events.body_of(order, events.SUCCEEDED)
    assert events.signature_of(body, at=NOW) != events.signature_of(body, at=NOW + datetime.timedelta(seconds=1))
    told = SandboxBank().read_event(body=body, signature=events.signature_of(body, at=NOW), at=NOW)
    assert (told.result, told.order, told.amount) == (Result.SUCCEEDED, "T" * 43, 18_500)


def test_the_published_keys_are_public_and_nothing_else() -> None:
    publication.publish("sandbox-bank")
    path = Path(settings.VAR_DIR) / "sandbox-bank.pub"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    keys = [base64.b64decode(line) for line in path.read_text().split()]
    secrets = [key.material for key in custody.every("sandbox-bank")]
    assert len(keys) == len(secrets)
    assert not set(keys) & set(secrets)


def test_without_a_published_key_nothing_is_signed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    order = raw()
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    with pytest.raises(orders.OrderRefused):
        orders.read(order)
    (tmp_path / "payment-order.pub").write_text("not a key")
    with pytest.raises(orders.OrderRefused):
        orders.read(order)


def test_the_portal_does_not_need_the_banks_private_key(monkeypatch: pytest.MonkeyPatch) -> None:
    body = events.body_of(orders.read(raw()), events.SUCCEEDED)
    signature = events.signature_of(body, at=NOW)
    monkeypatch.setattr(settings, "KEY_PURPOSES", frozenset({"payment-order"}))
    with pytest.raises(custody.KeyNotHere):
        custody.signing_key("sandbox-bank")
    assert SandboxBank().read_event(body=body, signature=signature, at=NOW).amount == 18_500
