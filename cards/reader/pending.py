"""Requests that wait for their holder. A token names one page, works once, and dies after five minutes."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

from cards.reader import protocol

_LIFETIME_SECONDS = 300
_MOST = 100


@dataclass(frozen=True, repr=False)
class Request:
    """What a page asked for, with the origin that the browser itself named."""

    origin: str
    challenge: str
    nonce: str
    session: str
    purpose: str
    return_to: str
    language: str
    is_paired: bool
    since: float = field(default_factory=time.monotonic)

    def is_over(self) -> bool:
        return time.monotonic() - self.since > _LIFETIME_SECONDS

    def message(self) -> bytes:
        """What the chip will sign. Raises protocol.MalformedRequest."""
        return protocol.signed_message(origin=self.origin, purpose=self.purpose, session=self.session, nonce=self.nonce)


class Pending:
    """The waiting requests of this reader, in memory only."""

    def __init__(self) -> None:
        self._requests: dict[str, Request] = {}
        self._lock = threading.Lock()

    def put(self, request: Request) -> str:
        """Keep the request and return the token of its next page."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._requests = {t: r for t, r in self._requests.items() if not r.is_over()}
            while len(self._requests) >= _MOST:
                del self._requests[next(iter(self._requests))]
            self._requests[token] = request
        return token

    def take(self, token: str) -> Request | None:
        """The request of this token, for the last time; None when there is none or its time is over."""
        with self._lock:
            request = self._requests.pop(token, None)
        return None if request is None or request.is_over() else request
