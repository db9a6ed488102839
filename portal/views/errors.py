"""Pages for what went wrong: each says what to do next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from databases.away import RETRY_AFTER_SECONDS


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever broke (a database, the session) must not break this page too."""
    return HttpResponse(render_to_string("errors/500.html"), status=500)


def away(request: HttpRequest) -> HttpResponse:
    """No database can be reached. Rendered as `server_error`, and in the reader's language although nothing may have
    come so far as to set it."""
    language = translation.get_language_from_request(request)
    with translation.override(language):
        page = render_to_string("errors/503.html")
    headers = {
        "Retry-After": str(RETRY_AFTER_SECONDS),
        "Cache-Control": "no-store",
        "Content-Language": language,
        "Vary": "Accept-Language, Cookie",
    }
    return HttpResponse(page, status=503, headers=headers)
