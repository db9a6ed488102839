"""The pages for people: the API in one minute, and what each problem means."""

from __future__ import annotations

import json
import re
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from api import problems
from api.samples import INQUIRY, INQUIRY_ANSWER, REFUSAL

_INNERMOST = re.compile(r"[\[{][^\[\]{}]*[\]}]")


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Get a token, sign, ask, read a refusal."""
    addresses = [
        ("/api/oauth/token", _("Gives a token for your signed statement.")),
        ("/api/v1/inquiries", _("Asks another agency about one person.")),
        ("/api/v1/inquiries/blind", _("Asks the same without showing the exchange the code.")),
        ("/api/v1/inquiries/bulk", _("Asks about up to 10,000 persons at once; a worker does it.")),
        ("/api/v1/inquiries/bulk/status", _("Says how far it is.")),
        ("/api/v1/inquiries/bulk/results", _("Gives what became of each line, in your order.")),
        ("/api/v1/inquiries/bulk/confirm", _("Says that the results have arrived, so that they are erased here.")),
        ("/api/v1/inquiries/bulk/cancel", _("Ends what has not been asked yet.")),
        ("/api/v1/notices", _("Puts a letter with documents into one person's mailbox.")),
        ("/api/v1/charges", _("Sends a bill to one person.")),
        ("/api/v1/codes/collect", _("Fetches newly issued codes, encrypted to your key.")),
        ("/api/v1/codes/confirm", _("Says that the codes have arrived, so that they are deleted here.")),
        ("/api/v1/copies/register", _("Registers the copies that you provide from, all or none.")),
        ("/api/v1/copies/withdraw", _("Withdraws a copy that was wrong, and has its receivers told.")),
        ("/api/v1/copies/stop", _("Stops answers from copies that may be wrong.")),
        ("/api/v1/copies/resume", _("Answers again from copies that were checked.")),
        ("/api/v1/recalls/collect", _("Fetches what was corrected or withdrawn after you had got it.")),
        ("/api/v1/recalls/confirm", _("Says that the recalls have been noted.")),
        ("/api/layouts/", _("Lists the layouts that copies follow.")),
        ("/api/v1/questions/collect", _("Fetches what citizens ask about your agency's records.")),
        ("/api/v1/questions/answer", _("Answers such a question.")),
        ("/api/v1/codes/renew", _("Gives the present codes for codes of a former epoch.")),
        ("/api/v1/keys/code-key", _("Registers your key that codes are encrypted to.")),
        ("/api/v1/keys/codes", _("Tells the keys that a blind inquiry is encrypted to.")),
        ("/api/keys", _("Publishes the keys that answers are signed with.")),
        ("/api/permissions", _("Publishes the permission table, signed, for your own check.")),
    ]
    examples = {"inquiry": INQUIRY, "answer": INQUIRY_ANSWER, "refusal": REFUSAL}
    shown = {name: _written(example) for name, example in examples.items()}
    return render(request, "api/index.html", {"origin": settings.PORTAL_ORIGIN, "addresses": addresses, **shown})


def _written(example: dict[str, Any]) -> str:
    """JSON as a person would write it: a short innermost list or object stays on its line."""
    text = json.dumps(example, ensure_ascii=False, indent=2)
    return _INNERMOST.sub(lambda found: re.sub(r"\s*\n\s*", " ", found[0]) if len(found[0]) < 150 else found[0], text)


@login_not_required
@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """Every kind of problem."""
    return render(request, "api/problems.html", {"kinds": problems.KINDS.items()})


@login_not_required
@require_safe
def problem(request: HttpRequest, slug: str) -> HttpResponse:
    """One kind of problem: the page that a problem's `type` names."""
    if slug not in problems.KINDS:
        raise Http404
    context = {"kind": problems.KINDS[slug], "type": problems.type_uri(slug)}
    return render(request, "api/problem.html", context)
