"""Who may ask: registered verifiers, or anyone where the demo's switch is open."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from agencies import verifiers
from cards.pki.profiles import PROFILES

EVERYTHING = frozenset(PROFILES)
NOTHING: frozenset[str] = frozenset()


def allowed(request: HttpRequest, *, at: dt.datetime) -> frozenset[str]:
    """The purposes whose certificates the caller may ask about; none for a stranger."""
    if settings.PKI_STATUS_OPEN:
        return EVERYTHING
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return NOTHING
    try:
        return verifiers.kinds_of(token.strip(), at=at)
    except verifiers.NotAVerifier:
        return NOTHING


def refuse(response: HttpResponse) -> HttpResponse:
    """Say how to prove oneself (RFC 6750, section 3)."""
    response.status_code = 401
    response["WWW-Authenticate"] = 'Bearer realm="certificate status"'
    response["Cache-Control"] = "no-store"
    return response
