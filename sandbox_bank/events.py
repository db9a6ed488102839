"""Events to the merchant: what became of an order, signed by the bank, sent until the merchant answers.

An event's id and body follow from the order and the result alone, so that a repetition is the same event. Its signature
carries the time of the sending: the header `Bank-Signature: t=<seconds>,ed25519=<base64url>` over
`"sandbox-bank/event/1\\n" ‖ seconds ‖ "\\n" ‖ body`.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import logging
import urllib.error
import urllib.request

from keys import custody, publication
from sandbox_bank.orders import Order

SUCCEEDED = "payment.succeeded"
FAILED = "payment.failed"

_BANK_KEY = "sandbox-bank"
_PREFIX = b"sandbox-bank/event/1\n"
_TIME_OUT = 5.0

logger = logging.getLogger(__name__)


class NotReached(Exception):
    """The merchant did not answer, or not as agreed. The same event can be sent again."""


class NotTaken(Exception):
    """The merchant refused the event. Sending it again will not help."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def body_of(order: Order, result: str) -> bytes:
    """The event's body: the same bytes whenever the same thing is told of the same order."""
    event_id = hashlib.sha256(f"{order.token}:{result}".encode()).hexdigest()[:32]
    told = {"id": event_id, "type": result, "order": order.token, "amount": order.amount, "currency": "JPY"}
    return json.dumps(told, separators=(",", ":")).encode()


def signature_of(body: bytes, *, at: datetime.datetime) -> str:
    """The signature header for a body sent now."""
    publication.publish(_BANK_KEY)
    seconds = str(int(at.timestamp()))
    made = custody.signing_key(_BANK_KEY).sign(_PREFIX + seconds.encode() + b"\n" + body)
    return f"t={seconds},ed25519={base64.urlsafe_b64encode(made).decode().rstrip('=')}"


def send(order: Order, result: str, *, at: datetime.datetime) -> None:
    """Tell the merchant what became of the order. Raises NotReached, NotTaken."""
    body = body_of(order, result)
    headers = {"Content-Type": "application/json", "Bank-Signature": signature_of(body, at=at)}
    if not order.notify_url.startswith(("http://", "https://")):
        raise NotTaken("The order names no address for events.")
    request = urllib.request.Request(order.notify_url, data=body, headers=headers, method="POST")  # noqa: S310  # checked above
    # The merchant is called directly: a proxy for the outside world would not find an address on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    try:
        with opener.open(request, timeout=_TIME_OUT) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as error:
        error.close()
        logger.warning("The merchant answered an event with %s.", error.code)
        if error.code == 400:
            raise NotTaken("The merchant refused the event.") from None
        raise NotReached("The merchant did not take the event.") from None
    except OSError as error:
        logger.warning("The merchant could not be reached (%s).", type(error).__name__)
        raise NotReached("The merchant could not be reached.") from None
