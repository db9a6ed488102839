"""Public figures about the exchange: how often agencies asked, and how much of it was refused."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from agencies.models import Agency
from exchange import statistics


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """By month, kind of agency and affair; nothing below ten."""
    months = [
        (month, [(Agency.Kind(line.kind).label, line) for line in lines])
        for month, lines in groupby(statistics.published(at=timezone.now()), key=attrgetter("month"))
    ]
    return render(request, "portal/statistics.html", {"months": months, "fewest": statistics.FEWEST})
