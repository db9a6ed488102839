"""The first page: for a visitor what this is, for a citizen what there is to do and who asked about them."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import session_vault
from accounts.models import SignIn, User
from exchange import records as exchange_records
from exchange.models import Kind
from notifications import mailbox
from payments.models import Charge
from portal import sentences
from portal.access import citizen_required

# A certificate is renewed at a counter, so the reminder comes three months before.
_CERTIFICATE_REMINDER = dt.timedelta(days=92)
_NEWEST = 3
# Looks of one's own are left out of the home page; enough is read to find three of others behind them.
_READ = 50


@login_not_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "portal/landing.html", {"now": timezone.now()})
    return _citizens_home(request)


@citizen_required
def _citizens_home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    user = request.user
    bills = list(Charge.objects.of(user).open().only("due_on", "amount"))
    newest = exchange_records.of_citizen(portal_code=user.portal_code, at=now, limit=_READ)
    context = {
        "unread": mailbox.unread_count(user),
        "bills": {
            "count": len(bills),
            "total": sum(bill.amount for bill in bills),
            "due_on": min((bill.due_on for bill in bills), default=None),
            "overdue": any(bill.due_on < timezone.localdate(now) for bill in bills),
        },
        "certificate_until": _certificate_ending(request, now),
        "records": [sentences.line_of(record) for record in newest if record.kind != Kind.SELF][:_NEWEST],
        "last_sign_ins": _last_sign_ins(user),
    }
    return render(request, "portal/home.html", context)


def _certificate_ending(request: HttpRequest, now: dt.datetime) -> dt.datetime | None:
    """When the card's certificate ends, if that is soon."""
    noted = session_vault.read(request, "certificate_until")
    until = dt.datetime.fromisoformat(noted) if noted else None
    return until if until and until - now < _CERTIFICATE_REMINDER else None


def _last_sign_ins(user: User) -> list[SignIn]:
    return list(user.sign_ins.filter(result=SignIn.Result.ACCEPTED)[:2])
