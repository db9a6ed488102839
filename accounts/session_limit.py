"""However busy a session is, it ends: after a working day the card is asked again.

The idle limit (settings, SESSION_COOKIE_AGE and its kin) moves with every request; this one does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

from accounts import session_vault

CITIZEN = timedelta(hours=12)
CLERK = timedelta(hours=8)
_SINCE = "signed-in-since"


class SessionLimitMiddleware:
    """Notes when a session was signed in, by whichever door, and signs it out when its time is over.

    Stands below the authentication, so that no page is ever shown to a session whose time is over.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_over(request):
            session_vault.erase(request)
            logout(request)
        response = self.get_response(request)
        if request.session.accessed and SESSION_KEY in request.session:
            request.session.setdefault(_SINCE, int(time.time()))
        return response


def _is_over(request: HttpRequest) -> bool:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False  # and the session is left unread: an answer to a program does not vary by cookie
    since = request.session.get(_SINCE)
    if since is None:
        return False
    longest = CLERK if getattr(request.user, "is_staff", False) else CITIZEN
    return not 0 <= time.time() - since < longest.total_seconds()
