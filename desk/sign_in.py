"""Signing in to the desk: the clerk's card, read under the purpose "desk-sign-in". There are no passwords.

The steps are the portal's (docs/architecture.md), under the desk's own addresses: a challenge on the page, the answer
posted by the reader from any browser context, and the finish in the session that asked.
"""

from __future__ import annotations

import base64
import binascii

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts import reader_pairing
from crossings import sign_in
from desk import door
from desk.pages.page import show

PURPOSE = "desk-sign-in"


@never_cache
@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """A fresh challenge, and the button that takes it to the reader."""
    if door.is_open(request):
        return HttpResponseRedirect(reverse("desk:index"))
    return _page(request)


@csrf_exempt
@login_not_required
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """The reader's post. It works without a cookie and opens nothing yet, so a forged one gains nothing."""
    challenge = request.POST.get("challenge", "")
    try:
        sign_in.answer(
            challenge_id=challenge,
            certificate_der=base64.b64decode(request.POST.get("certificate", ""), validate=True),
            signature=base64.b64decode(request.POST.get("signature", ""), validate=True),
            at=timezone.now(),
        )
    except sign_in.CardNotAccepted as refused:
        return _page(request, problem=str(refused), status=403)
    except (binascii.Error, ValueError, ValidationError):
        return _page(request, problem=_("The card reader's answer is not readable."), status=400)
    response = HttpResponseRedirect(f"{reverse('desk:sign-in-finish')}?challenge={challenge}")
    response.status_code = 303
    reader_pairing.keep(response, request.POST.get("pairing", ""))
    return response


@never_cache
@login_not_required
@require_GET
def finish(request: HttpRequest) -> HttpResponse:
    """Open the clerk's session."""
    try:
        found = sign_in.finish(
            challenge_id=request.GET.get("challenge", ""),
            session_key=request.session.session_key or "",
            purpose=PURPOSE,
            at=timezone.now(),
        )
    except sign_in.CardNotAccepted as refused:
        return _page(request, problem=str(refused), status=403)
    except (ValueError, ValidationError):
        return _page(request, problem=_("The card reader's answer is not readable."), status=400)
    if not found.user.is_staff:
        return _page(request, problem=_("This card does not open the desk."), status=403)
    door.open_session(request, found.user)
    return HttpResponseRedirect(reverse("desk:index"))


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    challenge = None
    if not problem:
        if request.session.session_key is None:
            request.session.create()
        challenge = sign_in.start(session_key=request.session.session_key, purpose=PURPOSE, at=timezone.now())
    response = show(
        request,
        "desk/sign_in.html",
        title=_("Sign in to the desk"),
        lead=_("For clerks, with their own card."),
        problem=problem,
        started=challenge,
        return_to=reverse("desk:sign-in-answer"),
        pairing=reader_pairing.token(request),
        reader_origin=settings.READER_ORIGIN,
        status=status,
    )
    # The reader takes the origin that it shows and signs from the browser's own header.
    response["Referrer-Policy"] = "origin"
    return response
