"""Every answer below /api/v1/ leaves signed: also the problems that arise before any view is reached.

As the outermost middleware it sees what really goes out. The door's own key signs (RFC 9421, Ed25519); its public half
is at /api/keys.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from exchange import messages, service_key

PREFIX = "/api/v1/"


class SignedAnswers:
    """Signs what the agencies' door answers, in the processes that open it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PREFIX) and "api" in settings.MYNA_DOORS:
            sign(response, request)
        return response


def sign(response: HttpResponse, request: HttpRequest) -> None:
    """Sign one answer with the current key."""
    key, keyid = service_key.current()
    answer = messages.Answer(response.status_code, response.headers, as_signed(request))
    messages.sign(answer, response.content, key=key, keyid=keyid, at=timezone.now())


def as_signed(request: HttpRequest) -> messages.Request:
    """The request as its caller signed it: at the public address of this service, whatever stands in front of it."""
    url = settings.PORTAL_ORIGIN + request.get_full_path()
    return messages.Request(request.method or "", url, request.headers)
