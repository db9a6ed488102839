"""The desk: one AdminSite for the clerks of municipalities.

Stock side doors are taken off, not merely locked: no autocomplete, no view-on-site, no password pages, no lists by
room, no history, no delete confirmation, no recent actions. What remains answers to `desk.permissions`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, path, reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language

from desk import door, frame, sign_in
from desk.pages import agencies, approvals, copies, home, questions, statute, supervision, waiting
from desk.pages.page import show

TAKEN_OFF = frozenset(
    {"password_change", "password_change_done", "autocomplete", "view_on_site", "app_list", "login", "logout"}
)


class DeskSite(AdminSite):
    """The clerks' door under /desk/, entered by card only."""

    site_header = site_title = frame.TITLE
    enable_nav_sidebar = False
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        return door.is_open(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        stock = [url for url in super().get_urls() if getattr(url, "name", None) not in TAKEN_OFF]
        own = [
            path("sign-in/", sign_in.page, name="login"),
            path("sign-in/answer/", sign_in.answer, name="sign-in-answer"),
            path("sign-in/finish/", sign_in.finish, name="sign-in-finish"),
            path("sign-out/", self.page(_sign_out), name="logout"),
            path("language/", _language, name="language"),
            path("approvals/", self.page(approvals.waiting), name="approvals"),
            path("waiting/", self.page(waiting.waiting), name="waiting"),
            path("waiting/<uuid:reference>/", self.page(waiting.question), name="waiting-question"),
            path("keep/", self.page(_keep), name="keep"),
            path("ended/", _ended, name="ended"),
            path("questions/", self.page(questions.waiting), name="questions"),
            path("questions/<uuid:question_id>/", self.page(questions.one), name="question"),
            path("supervision/", self.page(supervision.overview), name="supervision"),
            path("supervision/refusals/", self.page(supervision.refusals), name="refusals"),
            path("supervision/looks/", self.page(supervision.unusual), name="unusual"),
            path("supervision/copies/", self.page(supervision.copies), name="differing"),
            path("supervision/assessments/", self.page(supervision.assessments), name="assessments"),
            path("supervision/withheld/", self.page(supervision.withheld), name="withheld"),
            path("supervision/log/", self.page(supervision.log), name="log"),
            path("supervision/questions/", self.page(questions.passed_on), name="passed-on"),
            path("supervision/questions/<uuid:question_id>/", self.page(questions.rule), name="passed-on-one"),
            path("supervision/record/<uuid:reference>/", self.page(supervision.behind), name="behind"),
            path("lists/", self.page(self.lists), name="lists"),
            path("lists/statute/", self.page(statute.rows), name="statute"),
            path("lists/statute/changes/", self.page(statute.changes), name="statute-changes"),
            path("lists/statute/changes/<uuid:change_id>/", self.page(statute.change), name="statute-change"),
            path("lists/statute/add/", self.page(statute.add), name="statute-add"),
            path("lists/statute/<str:row>/close/", self.page(statute.close), name="statute-close"),
            path("agencies/", self.page(agencies.agencies), name="agencies"),
            path("agencies/<str:local_code>/diagnosis/", self.page(agencies.agency), name="agency"),
            path("agencies/<str:local_code>/assessment/", self.page(agencies.assessment), name="agency-assessment"),
            path("agencies/<str:local_code>/activity/", self.page(agencies.activity), name="agency-activity"),
            path(
                "agencies/<str:local_code>/clients/<uuid:client_id>/end/",
                self.page(agencies.client),
                name="agency-client",
            ),
            path("lists/copies/", self.page(copies.own_copies), name="copies"),
            path("lists/copies/<str:data_set>/", self.page(copies.switch), name="copies-switch"),
        ]
        return own + stock

    def page(self, view: Any) -> Any:
        """A page of the desk: for clerks only, never cached; who is signed out is sent to the desk's own sign-in."""
        guarded = self.admin_view(view)
        guarded.login_url = reverse_lazy("desk:login")
        return guarded

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return home.home(request)

    def lists(self, request: HttpRequest) -> HttpResponse:
        """The lists of this site that the clerk's post may read."""
        shown = [admin for admin in self._registry.values() if admin.is_list and admin.has_view_permission(request)]
        return home.lists(request, admins=shown)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return frame.context(request)


@require_POST
def _sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and everything in it, the permissions to see a person too."""
    logout(request)
    return HttpResponseRedirect(reverse("desk:login"))


@require_GET
def _keep(request: HttpRequest) -> HttpResponse:
    """Asked for by "stay signed in": the request itself renews the session."""
    return HttpResponse(status=204)


@login_not_required
@require_GET
def _ended(request: HttpRequest) -> HttpResponse:
    """Where a page goes that has been idle too long. It ends nothing itself: a link must not sign anyone out."""
    if door.is_open(request):
        return HttpResponseRedirect(reverse("desk:index"))
    return show(
        request,
        "desk/ended.html",
        title=_("You have been signed out"),
        lead=_("Nothing was pressed for a while. What stood on the page is closed."),
    )


_language = login_not_required(require_POST(csrf_protect(set_language)))

site = DeskSite(name=frame.SITE)
