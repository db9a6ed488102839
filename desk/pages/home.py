"""The desk's own front page, and the lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.pages.page import for_clerks_who_may, show
from desk.permissions import Act, may


def home(request: HttpRequest) -> HttpResponse:
    """What this clerk can do here."""
    tiles = [
        (Act.SEARCH, "residents_resident_changelist", _("Find a person"),
         _("By two things that you know about the person. The search is recorded.")),
        (Act.REGISTER, "residents_resident_arrivals", _("Moving in"),
         _("A person who has moved out of another municipality.")),
        (Act.REGISTER, "residents_resident_new", _("New resident"), _("A birth, or a first arrival from abroad.")),
        (Act.SEE_REQUESTS, "approvals", _("Second step"), _("What waits for a second clerk.")),
        (Act.ANSWER_INQUIRIES, "waiting", _("Inquiries that wait for us"),
         _("Other agencies' inquiries that your agency decides by hand.")),
        (Act.SUPERVISE, "supervision", _("Supervision"),
         _("Refusals, unusual looks, copies, assessments, the log. No page names a person.")),
        (Act.ANSWER_QUESTIONS, "questions", _("Questions from citizens"),
         _("What citizens ask about your agency's records. Each has a deadline.")),
        (Act.SEE_AGENCIES, "lists", _("Lists"),
         _("What your agency sent and asked, the agencies, the permission table.")),
        (Act.PROPOSE_ROW, "statute-changes", _("Changes of the permission table"),
         _("Propose a change, or decide on what a colleague proposed.")),
        (Act.DIAGNOSE, "agencies", _("Diagnose an agency"),
         _("What an agency needs to ask and to answer, and what is missing.")),
    ]  # fmt: skip
    shown = [
        {"name": name, "text": text, "href": reverse(f"desk:{page}")}
        for act, page, name, text in tiles
        if may(request.user, act)
    ]
    return show(request, "desk/tiles.html", title=_("What would you like to do?"), tiles=shown, home=True)


@for_clerks_who_may(Act.SEE_AGENCIES)
def lists(request: HttpRequest, admins: Sequence[ModelAdmin[Any]]) -> HttpResponse:
    """Everything that is there for reading only, as far as the site found it open to this post."""
    tiles = [
        {"name": admin.title, "href": reverse(f"desk:{admin.opts.app_label}_{admin.opts.model_name}_changelist")}
        for admin in admins
    ]
    tiles.append({"name": _("The permission table"), "href": reverse("desk:statute")})
    tiles.append({"name": _("Our copies"), "href": reverse("desk:copies")})
    return show(
        request,
        "desk/tiles.html",
        title=_("Lists"),
        lead=_("For reading only. No list shows a name or what a letter says."),
        tiles=tiles,
        here="lists",
    )
