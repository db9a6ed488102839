"""Step-up: before something sensitive is written, the card is asked again, and it must be the same person's.

What is to be done waits sealed in the session, together with the one challenge that may confirm it: an answer to
another challenge, given in another tab for another wish, confirms nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import reader_pairing, session_vault
from crossings import sign_in as crossing
from portal import refusals
from portal.access import citizen_required
from portal.views import sign_in

Detail = Callable[[dict[str, Any]], str]
CarryOut = Callable[[HttpRequest, dict[str, Any]], HttpResponse]

_WAITING = "to_confirm"
# What may wait: what it is, what exactly is wished, who carries it out. Filled by the modules that want a confirmation.
_ACTS: dict[str, tuple[Any, Detail, CarryOut]] = {}


def register(name: str, words: Any, detail: Detail, carry_out: CarryOut) -> None:
    """An act that wants the card once more. The page shows `detail`: nobody confirms what he cannot read."""
    _ACTS[name] = (words, detail, carry_out)


def ask(request: HttpRequest, name: str, wish: dict[str, Any]) -> HttpResponse:
    """Keep the wish until the card has confirmed it, and lead to the page that asks for the card."""
    session_vault.write(request, _WAITING, {"name": name, "wish": wish, "challenge": ""})
    return redirect("portal:confirm")


@require_GET
@never_cache
@citizen_required
def confirm(request: HttpRequest) -> HttpResponse:
    """What waits to be confirmed, and the form that carries a new challenge to the reader."""
    waiting = session_vault.read(request, _WAITING)
    if not waiting:
        return redirect("portal:home")
    started = crossing.start(session_key=request.session.session_key, purpose="confirm", at=timezone.now())
    session_vault.write(request, _WAITING, {**waiting, "challenge": started.challenge})
    words, detail, _ = _ACTS[waiting["name"]]
    context = {
        "what": words,
        "detail": detail(waiting["wish"]),
        "started": started,
        "reader_origin": settings.READER_ORIGIN,
        "pairing": reader_pairing.token(request),
        "return_to": reverse("portal:confirm-answer"),
    }
    response = render(request, "portal/confirm/confirm.html", context)
    response["Referrer-Policy"] = "origin"  # as on the sign-in page: the reader has to see who asks
    return response


@csrf_exempt  # as at sign-in: the reader's page posts this, and it changes nothing by itself
@login_not_required
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """The card's answer, brought by the browser from the reader."""
    return sign_in.take_answer(request, finish="portal:confirm-finish", refused="portal:confirm-refused")


@require_GET
@never_cache
@citizen_required
def finish(request: HttpRequest) -> HttpResponse:
    """Do what waited, if this session asked for it and the same person's card has answered."""
    waiting = session_vault.read(request, _WAITING)
    challenge = request.GET.get("challenge", "")
    if not waiting or not challenge or challenge != waiting["challenge"]:
        return redirect("portal:confirm-refused", refusals.OTHER_BROWSER)
    try:
        crossing.finish(
            challenge_id=uuid.UUID(challenge),
            session_key=request.session.session_key,
            purpose="confirm",
            expected=request.user,
            at=timezone.now(),
        )
    except crossing.CardNotAccepted as refusal:
        return redirect("portal:confirm-refused", refusals.reason_of(refusal))
    session_vault.write(request, _WAITING, None)
    return _ACTS[waiting["name"]][2](request, waiting["wish"])


@require_GET
@login_not_required
def refused(request: HttpRequest, reason: str) -> HttpResponse:
    """Why the card confirmed nothing, and what to do next."""
    try:
        refusal = refusals.REFUSALS[reason]
    except KeyError:
        raise Http404 from None
    context = {
        "refusal": refusal,
        "todo": refusals.CONFIRMING.get(reason, refusal.todo),
        "may_retry": refusal.may_retry and bool(session_vault.read(request, _WAITING)),
        "signed_in": request.user.is_authenticated,
    }
    return render(request, "portal/confirm/refused.html", context, status=403)
