"""The citizen's card: its state, its certificates, its history; and the stop, at any hour.

To stop a card it is not asked for: it may be lost, or in somebody else's hands, while this session is open. A stop can
do no more harm than a way to the counter; its absence can.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import session_vault
from crossings import own_card
from portal import card_words
from portal.access import citizen_required


@require_GET
@citizen_required
def card(request: HttpRequest) -> HttpResponse:
    found = _own(request)
    context = {"card": found, "history": card_words.history_of(found) if found else []}
    return render(request, "portal/card/card.html", context)


@require_http_methods(["GET", "POST"])
@citizen_required
def stop(request: HttpRequest) -> HttpResponse:
    """What a stop does, and the one button that does it. The session stays open: what to do next is read here."""
    found = _own(request)
    if found is None or not found.may_be_stopped:
        return redirect("portal:card")
    if request.method == "GET":
        return render(request, "portal/card/stop.html")
    try:
        own_card.stop(card_id=_card_id(request), user=request.user, at=timezone.now())
    except own_card.NotPossible:
        messages.warning(request, _("The card is not in use any more. See below what became of it."))
        return redirect("portal:card")
    # Every session of the account has ended, this one too, unless it takes the new round.
    request.user.refresh_from_db(fields=["session_round"])
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Your card is stopped."))
    return redirect("portal:card")


def _own(request: HttpRequest) -> own_card.OwnCard | None:
    return own_card.find(card_id=_card_id(request), user=request.user, at=timezone.now())


def _card_id(request: HttpRequest) -> str:
    return session_vault.read(request, "card") or ""
