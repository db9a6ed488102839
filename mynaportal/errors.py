"""What goes wrong before any door is reached: a problem for programs under /api/, a page for people elsewhere."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse

from api import problems
from api.problems import Problem
from databases import away
from portal.views import errors as pages


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_programs(request):
        return problems.response(Problem("invalid-request", "The request's headers or address were not accepted."))
    return pages.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_programs(request):
        return problems.response(Problem("not-permitted"))
    return pages.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_programs(request) and not request.path.startswith("/api/problems/"):
        return problems.response(Problem("not-found"))
    return pages.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exception()
    if _is_for_programs(request):
        return problems.response(problems.of_failure(error))
    return pages.away(request) if away.is_away(error) else pages.server_error(request)


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
