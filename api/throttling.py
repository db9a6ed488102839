"""How often one agency may call: so many requests in a minute, counted in the cache.

The limit protects the service and slows a thief of an agency's key down; it decides nothing about persons. When the
cache itself is down the door stays open, and says so in the log.
"""

from __future__ import annotations

import hashlib
import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api.authentication import Caller

WINDOW_SECONDS = 60

logger = logging.getLogger("api")


class MinuteThrottle(BaseThrottle):
    """A counter per caller and minute: an agency by its local code, anyone else by the address of the connection."""

    def allow_request(self, request: Request, view: Any) -> bool:
        key = f"api-requests:{_caller(request)}:{int(time.time()) // WINDOW_SECONDS}"
        try:
            count = _counted(key)
        except Exception as error:
            logger.warning("the request counter does not answer: %s", type(error).__name__)
            return True
        return count <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return WINDOW_SECONDS - int(time.time()) % WINDOW_SECONDS


def _counted(key: str) -> int:
    """One more; only the first of a minute finds nothing to count on."""
    try:
        return cache.incr(key)
    except ValueError:
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return cache.incr(key)


def _caller(request: Request) -> str:
    if isinstance(request.user, Caller):
        return request.user.agency.local_code
    # Hashed, so that no address of a person's line lies in the cache.
    return hashlib.sha256(str(request.META.get("REMOTE_ADDR", "")).encode()).hexdigest()[:32]
