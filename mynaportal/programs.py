"""The addresses of a process to which programs alone come, with the status door and no other (settings, MIDDLEWARE).

There are no pages, cookies or sessions, and nothing is spent on them: that took longer than an answer about a
certificate does. What goes wrong is told in a line of plain text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from databases import away
from mynaportal import health


class OpenViewsOnly:
    """Closed unless a view says otherwise, as everywhere: LoginRequiredMiddleware where nobody can sign in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if getattr(view, "login_required", True):
            raise PermissionDenied


def _plain(status: HTTPStatus) -> HttpResponse:
    return HttpResponse(f"{status.phrase}\n", status=status, content_type="text/plain")


def _handler(status: HTTPStatus) -> Callable[..., HttpResponse]:
    return lambda request, exception=None: _plain(status)


def handler500(request: HttpRequest) -> HttpResponse:
    """A failure of ours; or, while a database is away, when to come again."""
    if not away.is_away(sys.exception()):
        return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)
    response = _plain(HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(away.RETRY_AFTER_SECONDS)
    return response


handler400, handler403 = _handler(HTTPStatus.BAD_REQUEST), _handler(HTTPStatus.FORBIDDEN)
handler404 = _handler(HTTPStatus.NOT_FOUND)
urlpatterns = [
    path("pki/", include("status.urls")),
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
]
