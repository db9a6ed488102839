"""The hosted page: shows an order, takes the decision, tells the merchant, and sends the browser back."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from sandbox_bank import events, orders

_RESULTS = {"confirm": events.SUCCEEDED, "cancel": events.FAILED}


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest) -> HttpResponse:
    """The page of one order. It keeps no state: whatever is pressed twice is told twice, and is the same event."""
    now = timezone.now()
    try:
        order = orders.read(request.POST.get("order") or request.GET.get("order", ""))
    except orders.OrderRefused:
        return render(request, "sandbox_bank/refused.html", status=400)
    if not order.is_valid(now):
        return render(request, "sandbox_bank/too_late.html", {"order": order}, status=410)
    result = _RESULTS.get(request.POST.get("decision", ""))
    if result is None:
        return render(request, "sandbox_bank/pay.html", {"order": order})
    try:
        events.send(order, result, at=now)
    except events.NotTaken:
        return render(request, "sandbox_bank/not_taken.html", {"order": order}, status=409)
    except events.NotReached:
        decision = request.POST["decision"]
        return render(request, "sandbox_bank/not_reached.html", {"order": order, "decision": decision}, status=502)
    return HttpResponseRedirect(order.return_url, status=303)
