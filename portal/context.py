"""What every page needs to know: whether someone is signed in, by what name, and where the navigation leads."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import session_vault


def service(request: HttpRequest) -> dict[str, Any]:
    """`service` in every template. A process without the portal's door shows pages without its links."""
    portal_open = "portal" in settings.MYNA_DOORS
    user = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    return {
        "service": {
            "portal_open": portal_open,
            "signed_in": signed_in,
            "person_name": _person_name(request) if signed_in else "",
            "idle_seconds": request.session.get_expiry_age() if signed_in else 0,
            "here": request.get_full_path() if request.method == "GET" else "/",
            "nav": _navigation(request) if portal_open and signed_in and not user.is_staff else [],
        }
    }


def _person_name(request: HttpRequest) -> str:
    names = session_vault.read(request, "name") or {}
    return names.get(get_language() or "ja") or names.get("ja", "")


def _navigation(request: HttpRequest) -> list[dict[str, str]]:
    """The six places of the portal. The one that is open carries aria-current: "page" itself, "true" below it."""
    places = [
        (_("Home"), reverse("portal:home")),
        (_("My information"), reverse("portal:information")),
        (_("Access records"), reverse("portal:records")),
        (_("Mailbox"), reverse("portal:mailbox")),
        (_("Payments"), reverse("portal:payments")),
        (_("Settings"), reverse("portal:settings")),
    ]
    return [{"label": label, "href": href, "current": _current(request.path, href)} for label, href in places]


def _current(path: str, href: str) -> str:
    if path == href:
        return "page"
    return "true" if href != "/" and path.startswith(href) else ""
