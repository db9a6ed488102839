"""Bills and paying them: two clicks in all, one here and one at the bank."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from payments import paying, receipts
from payments.charging import NotOpen
from payments.models import Charge
from payments.providers.base import EventRefused, NoProvider
from payments.states import ChargeState, PaymentState
from portal.access import citizen_required
from portal.senders import names_of

# An event is a few hundred bytes; whatever is larger is none.
_LARGEST_EVENT = 10_000


@citizen_required
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """The bills to pay, the most urgent first, and those that are settled."""
    today = timezone.localdate()
    charges = list(Charge.objects.of(request.user).order_by("due_on", "id"))
    names = names_of(charge.agency for charge in charges)
    rows = [{"charge": c, "agency": names[c.agency], "overdue": c.is_overdue(today)} for c in charges]
    settled = [row for row in rows if not row["charge"].is_open()]
    settled.sort(key=lambda row: row["charge"].closed_at, reverse=True)
    context = {"open": [row for row in rows if row["charge"].is_open()], "settled": settled}
    return render(request, "portal/payments/list.html", context)


@citizen_required
@require_safe
def payment(request: HttpRequest, charge_id: UUID) -> HttpResponse:
    """One bill, and the one button."""
    return render(request, "portal/payments/bill.html", _bill(request, charge_id))


@citizen_required
@require_POST
def pay(request: HttpRequest, charge_id: UUID) -> HttpResponse:
    """Open an order and lead to the provider's page; a bill that needs no payment says so instead."""
    bill = _bill(request, charge_id)
    try:
        page = paying.start(
            charge=bill["charge"],
            user=request.user,
            payee=bill["agency"],
            return_url=reverse("portal:payment-return", args=[charge_id]),
            notify_url=settings.SANDBOX_BANK_NOTIFY_ORIGIN + reverse("portal:payment-webhook"),
            at=timezone.now(),
        )
    except NotOpen:
        return render(request, "portal/payments/not_open.html", _bill(request, charge_id), status=409)
    except NoProvider:
        return render(request, "portal/payments/no_provider.html", bill, status=503)
    return HttpResponseRedirect(page, status=303)


@citizen_required
@require_safe
def back(request: HttpRequest, charge_id: UUID) -> HttpResponse:
    """Where the bank sends the browser: what became of the payment, and what to do."""
    bill = _bill(request, charge_id)
    last = bill["charge"].payments.order_by("-started_at", "id").first()
    if last is None:
        return HttpResponseRedirect(reverse("portal:payment", args=[charge_id]))
    bill["waiting"] = bill["charge"].is_open() and last.is_waiting(timezone.now())
    bill["returned"] = last.state == PaymentState.RETURNED
    return render(request, "portal/payments/back.html", bill)


@csrf_exempt
@login_not_required
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """The provider's events. Nobody is signed in here: the signature is what counts (RFC 9457 for refusals)."""
    if len(request.body) > _LARGEST_EVENT:
        return _problem(400, "event-refused", "The event is too large.")
    signature = request.headers.get("Bank-Signature", "")
    try:
        outcome = paying.settle(event=request.body, signature=signature, at=timezone.now())
    except EventRefused as refusal:
        return _problem(400, refusal.code, str(refusal))
    except NoProvider as refusal:
        return _problem(503, "no-provider", str(refusal))
    return JsonResponse({"outcome": outcome.value})


def _bill(request: HttpRequest, charge_id: UUID) -> dict[str, Any]:
    """The person's own bill with its agency and receipt; a stranger's is like one that does not exist."""
    charge = Charge.objects.of(request.user).filter(pk=charge_id).first()
    if charge is None:
        raise Http404
    return {
        "charge": charge,
        "agency": names_of([charge.agency])[charge.agency],
        "overdue": charge.is_overdue(timezone.localdate()),
        "receipt": receipts.receipt_of(charge) if charge.state == ChargeState.PAID else None,
    }


def _problem(status: int, code: str, detail: str) -> JsonResponse:
    body = {"type": "about:blank", "title": "The event was not taken", "status": status, "code": code, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")
