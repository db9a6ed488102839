"""My information: asked for at the person's press of a button, shown, and gone with the session."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import session_vault
from portal import self_information
from portal.access import citizen_required

_ANSWERS = "answers"
_NOTHING_HELD = {"0004", "3003"}
_WAITING = {"0101", "0109"}


@require_http_methods(["GET", "POST"])
@citizen_required
def information(request: HttpRequest) -> HttpResponse:
    """POST asks the agencies and seals what they answer in the session; GET shows what is there."""
    agencies = session_vault.read(request, "agencies")
    if request.method == "POST":
        answers = self_information.ask_all(
            portal_code=request.user.portal_code, agencies=agencies or [], at=timezone.now()
        )
        session_vault.write(request, _ANSWERS, answers)
        return redirect("portal:information")
    answers = session_vault.read(request, _ANSWERS)
    empty = self_information.without_content(answers or [])
    context = {
        "was_asked": answers is not None,
        # Without the browser's key neither the answers nor whom to ask is known: signing in anew helps.
        "has_key": agencies is not None,
        "cards": self_information.cards(answers or []),
        "nothing_held": [a for a in empty if a["outcome"] in _NOTHING_HELD],
        "waiting": [a for a in empty if a["outcome"] in _WAITING],
        "failed": [a for a in empty if a["outcome"] not in _NOTHING_HELD | _WAITING],
    }
    return render(request, "portal/information.html", context)
