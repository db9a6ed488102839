"""What a payment provider does for us: show a page for an order, and tell us by a signed event what became of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class NoProvider(Exception):
    """No payment provider may be used here."""


class EventRefused(ValueError):
    """An event that we do not take. Nothing has changed."""

    code = "event-refused"


class WrongSignature(EventRefused):
    """The event is not signed by the provider, or its signature is not of now."""

    code = "wrong-signature"


class MalformedEvent(EventRefused):
    """The event is signed, but it is not in the form that was agreed."""

    code = "malformed-event"


class Result(Enum):
    """What the provider says of an order."""

    SUCCEEDED = "payment.succeeded"
    FAILED = "payment.failed"


@dataclass(frozen=True)
class Order:
    """What a provider may know: a random token, how much, for whom, and the two ways back. Nothing about the payer."""

    token: str
    amount: int
    payee: str
    return_url: str
    notify_url: str
    valid_until: datetime.datetime


@dataclass(frozen=True)
class Event:
    """A checked event. `digest` is SHA-256 of its body in hex."""

    id: str
    result: Result
    order: str
    amount: int
    digest: str


class Provider(Protocol):
    """A provider's side of the interface."""

    name: str

    def page_for(self, order: Order) -> str:
        """The address of the provider's page where the order is confirmed."""
        ...

    def read_event(self, *, body: bytes, signature: str, at: datetime.datetime) -> Event:
        """The event, if its signature is the provider's and of now. Raises WrongSignature, MalformedEvent."""
        ...
