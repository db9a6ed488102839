"""What a person looks at stays with the person: values sealed in the session under a key that only the browser has.

The key lives in an HttpOnly cookie and in no database; the session keeps only what is sealed under it. Signing out
deletes both. After an idle time-out the cookie is gone, so what the expired session still holds is noise, to us too.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

from keys.sealing import CannotOpen, open_with, seal_with

COOKIE = "__Host-vault" if settings.SECURE_COOKIES else "vault"
_IN_SESSION = "vault"


def begin(request: HttpRequest) -> None:
    """A new key for a session that has just been established, and an empty vault under it."""
    request.vault_key = secrets.token_bytes(32)  # type: ignore[attr-defined]
    request.session[_IN_SESSION] = {}


def write(request: HttpRequest, name: str, value: Any) -> None:
    """Seal a JSON value under the browser's key. Without a key nothing is kept: better asked again than in clear."""
    key = _key(request)
    if key is None:
        return
    sealed = seal_with(key, json.dumps(value, ensure_ascii=False).encode(), context=_context(request, name))
    request.session[_IN_SESSION] = {
        **request.session.get(_IN_SESSION, {}),
        name: base64.b64encode(sealed).decode(),
    }


def read(request: HttpRequest, name: str) -> Any:
    """The value, or None when there is none or this browser's key does not open it."""
    key, sealed = _key(request), request.session.get(_IN_SESSION, {}).get(name)
    if key is None or sealed is None:
        return None
    try:
        return json.loads(open_with(key, base64.b64decode(sealed), context=_context(request, name)))
    except CannotOpen:
        return None


def erase(request: HttpRequest) -> None:
    """Forget the key and everything sealed under it."""
    request.session.pop(_IN_SESSION, None)
    request.vault_key = None  # type: ignore[attr-defined]


def cookie_value(request: HttpRequest) -> str:
    """The key as the browser keeps it; empty when there is none."""
    key = _key(request)
    return base64.urlsafe_b64encode(key).decode() if key else ""


class VaultMiddleware:
    """Hands the key to the browser, lets it live exactly as long as the session, and takes it back with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if COOKIE not in request.COOKIES and not hasattr(request, "vault_key"):
            return response
        value = cookie_value(request)
        if not value or SESSION_KEY not in request.session:
            response.delete_cookie(COOKIE)
            return response
        response.set_cookie(
            COOKIE,
            value,
            max_age=request.session.get_expiry_age(),
            secure=settings.SECURE_COOKIES,
            httponly=True,
            samesite="Lax",
        )
        return response


def _key(request: HttpRequest) -> bytes | None:
    if hasattr(request, "vault_key"):
        return request.vault_key
    try:
        key = base64.urlsafe_b64decode(request.COOKIES[COOKIE])
    except (KeyError, binascii.Error, ValueError):
        return None
    return key if len(key) == 32 else None


def _context(request: HttpRequest, name: str) -> str:
    return f"accounts.session_vault:{request.session.get(SESSION_KEY)}:{name}"
