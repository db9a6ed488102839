"""The token under which this browser's card reader knows the site again: kept in a cookie and sent along.

It opens nothing by itself and is worth nothing at another reader or site. It outlives the session: it is of the
browser and its computer, not of a person, and says nothing of who used them.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "__Host-reader" if settings.SECURE_COOKIES else "reader"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS = 400 * 24 * 3600  # as long as browsers keep a cookie (RFC 6265bis, section 5.5)


def token(request: HttpRequest) -> str:
    """The token of the one reader that was started beside this portal (the demo), else this browser's, or none."""
    kept = request.COOKIES.get(COOKIE, "")
    return settings.READER_PAIRING or (kept if _TOKEN.fullmatch(kept) else "")


def keep(response: HttpResponse, given: str) -> None:
    """Keep what came with an answer that was right: nobody without a card can plant one."""
    if _TOKEN.fullmatch(given):
        response.set_cookie(
            COOKIE, given, max_age=_SECONDS, secure=settings.SECURE_COOKIES, httponly=True, samesite="Lax"
        )
