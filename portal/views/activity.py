"""When this card was used to sign in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import citizen_required

_SHOWN = 50


@require_GET
@citizen_required
def activity(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/activity.html", {"sign_ins": request.user.sign_ins.all()[:_SHOWN], "shown": _SHOWN})
