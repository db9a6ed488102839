"""Health pages: alive (the process answers) and ready (every database answers, with no migration missing)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from databases import ALIASES
from mynaportal import migrating


@login_not_required
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "alive"})


@login_not_required
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when all four databases answer and are migrated, else 503 with the state of each."""
    states = {alias: _state(alias) for alias in ALIASES}
    is_ready = set(states.values()) == {"ready"}
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "databases": states}, status=200 if is_ready else 503
    )


def _state(alias: str) -> str:
    try:
        behind = migrating.missing(alias)
    except DatabaseError:
        return "unreachable"
    return "behind" if behind else "ready"
