"""The sandbox bank as a provider: no real money, and it refuses to load in production.

An order travels in the address of the bank's page as `base64url(JSON).base64url(Ed25519)`, signed by the portal (key
"payment-order"). An event comes as JSON with the header `Bank-Signature: t=<seconds>,ed25519=<base64url>` over
`"sandbox-bank/event/1\\n" ‖ seconds ‖ "\\n" ‖ body`, signed by the bank with its key "sandbox-bank", which this room
never holds: it reads the published public key.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import json
import re
from typing import Any

from django.conf import settings

from keys import custody, publication
from payments.providers.base import Event, MalformedEvent, NoProvider, Order, Result, WrongSignature

ORDER_KEY = "payment-order"
BANK_KEY = "sandbox-bank"
PAGE = "/sandbox-bank/pay/"
_ORDER_PREFIX = b"mynaportal/payment-order/1\n"
_EVENT_PREFIX = b"sandbox-bank/event/1\n"
_SIGNATURE = re.compile(r"t=([0-9]{1,12}),ed25519=([A-Za-z0-9_-]{86})")
# An event must be signed within five minutes of now, either way: an older one may be a recording.
TOLERANCE = datetime.timedelta(minutes=5)


class SandboxBank:
    """See the module."""

    name = "sandbox"

    def __init__(self) -> None:
        if settings.PRODUCTION:
            raise NoProvider("The sandbox bank takes no part in production.")

    def page_for(self, order: Order) -> str:
        publication.publish(ORDER_KEY)
        body = json.dumps(
            {
                "order": order.token,
                "amount": order.amount,
                "payee": order.payee,
                "return_url": order.return_url,
                "notify_url": order.notify_url,
                "valid_until": int(order.valid_until.timestamp()),
            },
            ensure_ascii=False,
        ).encode()
        signature = custody.signing_key(ORDER_KEY).sign(_ORDER_PREFIX + body)
        return f"{PAGE}?order={_encode(body)}.{_encode(signature)}"

    def read_event(self, *, body: bytes, signature: str, at: datetime.datetime) -> Event:
        match = _SIGNATURE.fullmatch(signature)
        if match is None:
            raise WrongSignature("The signature's form is t=<seconds>,ed25519=<86 letters of base64url>.")
        if abs(at.timestamp() - int(match[1])) > TOLERANCE.total_seconds():
            raise WrongSignature("The signature is not of now.")
        try:
            made = base64.b64decode(f"{match[2]}==", altchars=b"-_", validate=True)
        except binascii.Error:
            raise WrongSignature("The signature is not base64url.") from None
        if not publication.is_signed_by(BANK_KEY, made, _EVENT_PREFIX + match[1].encode() + b"\n" + body):
            raise WrongSignature("The signature is not the bank's.")
        return _parsed(body)


def _parsed(body: bytes) -> Event:
    try:
        told: Any = json.loads(body)
        event = Event(
            id=told["id"],
            result=Result(told["type"]),
            order=told["order"],
            amount=told["amount"],
            digest=hashlib.sha256(body).hexdigest(),
        )
        in_order = told["currency"] == "JPY" and isinstance(event.id, str) and 1 <= len(event.id) <= 64
        in_order = in_order and isinstance(event.order, str) and type(event.amount) is int
    except (ValueError, KeyError, TypeError):
        raise MalformedEvent("The event is not in the form that was agreed.") from None
    if not in_order:
        raise MalformedEvent("The event is not in the form that was agreed.")
    return event


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
