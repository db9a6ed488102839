"""Signing in with the card, and out. The PIN is typed in the reader's own window; this page never sees it."""

from __future__ import annotations

import base64
import binascii
import uuid

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import reader_pairing, session_vault
from crossings import holder
from crossings import sign_in as crossing
from portal import refusals

_SHARED = "shared_terminal"
_NEXT = "after_sign_in"


@login_not_required
@require_GET
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """A challenge for this browser, and the form that carries it to the reader."""
    if request.user.is_authenticated:
        return redirect("portal:home")
    if request.session.session_key is None:
        request.session.create()
    if "shared" in request.GET:
        request.session[_SHARED] = request.GET["shared"] == "1"
    if "next" in request.GET:
        request.session[_NEXT] = request.GET["next"]
    started = crossing.start(session_key=request.session.session_key, purpose="sign-in", at=timezone.now())
    context = {
        "started": started,
        "reader_origin": settings.READER_ORIGIN,
        "pairing": reader_pairing.token(request),
        "return_to": reverse("portal:sign-in-answer"),
        "shared": request.session.get(_SHARED, False),
        "was_asked": "next" in request.GET,
        "minutes": settings.SESSION_COOKIE_AGE // 60,
        "shared_seconds": settings.SHARED_TERMINAL_SESSION_AGE,
    }
    response = render(request, "portal/sign_in/sign_in.html", context)
    # The reader shows the origin that asks and lets the card sign it; so on this page alone the browser must name it.
    response["Referrer-Policy"] = "origin"
    return response


@csrf_exempt  # The reader's page posts this, without our cookie. It opens nothing: `finish` in the asking session does.
@login_not_required
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """The card's answer, brought by the browser from the reader."""
    return take_answer(request, finish="portal:sign-in-finish", refused="portal:sign-in-refused")


def take_answer(request: HttpRequest, *, finish: str, refused: str) -> HttpResponse:
    """Check the answer, and go on to the page that uses it in the session that asked."""
    try:
        challenge_id = uuid.UUID(request.POST.get("challenge", ""))
        certificate = base64.b64decode(request.POST.get("certificate", ""), validate=True)
        signature = base64.b64decode(request.POST.get("signature", ""), validate=True)
    except (ValueError, binascii.Error):
        return _see_other(reverse(refused, args=[refusals.UNREADABLE]))
    try:
        crossing.answer(challenge_id=challenge_id, certificate_der=certificate, signature=signature, at=timezone.now())
    except crossing.CardNotAccepted as refusal:
        return _see_other(reverse(refused, args=[refusals.reason_of(refusal)]))
    response = _see_other(f"{reverse(finish)}?challenge={challenge_id}")
    reader_pairing.keep(response, request.POST.get("pairing", ""))
    return response


@login_not_required
@require_GET
@never_cache
def finish(request: HttpRequest) -> HttpResponse:
    """Establish the session, in the browser that asked for the challenge and in no other."""
    try:
        challenge_id = uuid.UUID(request.GET.get("challenge", ""))
        if request.session.session_key is None:
            raise ValueError
    except ValueError:
        return redirect("portal:sign-in-refused", refusals.OTHER_BROWSER)
    try:
        signed_in = crossing.finish(
            challenge_id=challenge_id, session_key=request.session.session_key, purpose="sign-in", at=timezone.now()
        )
    except crossing.CardNotAccepted as refusal:
        return redirect("portal:sign-in-refused", refusals.reason_of(refusal))
    shared, after = request.session.get(_SHARED, False), request.session.get(_NEXT, "")
    # Nothing that anyone prepared in the session before the card was read outlives this line (session fixation).
    request.session.flush()
    login(request, signed_in.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.set_expiry(settings.SHARED_TERMINAL_SESSION_AGE if shared else settings.SESSION_COOKIE_AGE)
    session_vault.begin(request)
    person = holder.of_challenge(challenge_id)
    session_vault.write(request, "name", {"ja": person.name, "en": person.latin_name})
    session_vault.write(request, "certificate_until", person.certificate_until.isoformat())
    session_vault.write(request, "agencies", signed_in.agencies)
    session_vault.write(request, "card", person.card)
    allowed = url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure())
    return redirect(after if allowed else "portal:home")


@login_not_required
@require_GET
def refused(request: HttpRequest, reason: str) -> HttpResponse:
    """Why the card was not accepted, and what to do next."""
    try:
        refusal = refusals.REFUSALS[reason]
    except KeyError:
        raise Http404 from None
    return render(request, "portal/sign_in/refused.html", {"refusal": refusal}, status=403)


@require_POST
@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and erase what it held."""
    session_vault.erase(request)
    logout(request)
    return redirect("portal:signed-out")


@login_not_required
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("portal:home")
    return render(request, "portal/sign_in/signed_out.html")


@login_not_required
@require_GET
def session_ended(request: HttpRequest) -> HttpResponse:
    """Where a page goes that has been idle too long. It ends nothing itself: a link must not sign anyone out."""
    if request.user.is_authenticated:
        return redirect("portal:home")
    return render(request, "portal/sign_in/session_ended.html")


@require_GET
def keep_session(request: HttpRequest) -> HttpResponse:
    """Asked for by "stay signed in": the request itself renews the session."""
    return HttpResponse(status=204)


def _see_other(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
