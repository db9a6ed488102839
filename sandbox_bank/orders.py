"""Orders as the bank reads them: signed by the merchant, complete in themselves, about nobody.

The bank keeps nothing. `base64url(JSON).base64url(Ed25519)` carries the amount, the payee and the two ways back.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from keys import publication

_MERCHANT_KEY = "payment-order"
_PREFIX = b"mynaportal/payment-order/1\n"


class OrderRefused(ValueError):
    """The order is not a merchant's of ours, or was changed on the way."""


@dataclass(frozen=True)
class Order:
    """What a merchant ordered. `raw` is the signed text, handed on from page to page."""

    raw: str
    token: str
    amount: int
    payee: str
    return_url: str
    notify_url: str
    valid_until: datetime.datetime

    @property
    def printed_amount(self) -> str:
        return _("%(amount)s yen") % {"amount": f"{self.amount:,}"}

    def is_valid(self, at: datetime.datetime) -> bool:
        return at < self.valid_until


def read(raw: str) -> Order:
    """The order in a signed text. Raises OrderRefused."""
    try:
        body, signature = (_decode(part) for part in raw.split("."))
    except (ValueError, binascii.Error):
        raise OrderRefused("Not an order.") from None
    if not publication.is_signed_by(_MERCHANT_KEY, signature, _PREFIX + body):
        raise OrderRefused("The order is not signed by a merchant of this bank.")
    told = json.loads(body)
    return Order(
        raw=raw,
        token=told["order"],
        amount=told["amount"],
        payee=told["payee"],
        return_url=told["return_url"],
        notify_url=told["notify_url"],
        valid_until=datetime.datetime.fromtimestamp(told["valid_until"], tz=datetime.UTC),
    )


def _decode(text: str) -> bytes:
    return base64.b64decode(f"{text}{'=' * (-len(text) % 4)}", altchars=b"-_", validate=True)
