"""Who stands behind the door: a clerk's session, opened here by card. A citizen's account never passes."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from accounts.models import User

_SESSION_KEY = "desk"


def open_session(request: HttpRequest, clerk: User) -> None:
    """A new session of the desk, idle for a quarter of an hour at most; a day's work ends it (accounts.session_limit).

    Nothing that anyone prepared in the session before the card was read goes on in it.
    """
    request.session.flush()
    login(request, clerk, backend="accounts.backends.CardBackend")
    request.session.set_expiry(settings.CLERK_SESSION_AGE)
    request.session[_SESSION_KEY] = True


def is_open(request: HttpRequest) -> bool:
    """Whether this is a clerk's account, signed in at this door."""
    return bool(getattr(request.user, "is_staff", False)) and request.session.get(_SESSION_KEY) is True
