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
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from agencies.models import Agency
from desk import sign_in
from desk.pages import approvals, home
from desk.permissions import Act, may

TAKEN_OFF = frozenset(
    {"password_change", "password_change_done", "autocomplete", "view_on_site", "app_list", "login", "logout"}
)


class DeskSite(AdminSite):
    """The clerks' door under /desk/, entered by card only."""

    site_header = site_title = _("Municipal desk")
    enable_nav_sidebar = False
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        """A clerk's account, signed in at this door. A citizen's account never passes, whoever the person is."""
        return bool(getattr(request.user, "is_staff", False)) and sign_in.is_desk_session(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        stock = [url for url in super().get_urls() if getattr(url, "name", None) not in TAKEN_OFF]
        own = [
            path("sign-in/", sign_in.page, name="login"),
            path("sign-in/answer/", sign_in.answer, name="sign-in-answer"),
            path("sign-in/finish/", sign_in.finish, name="sign-in-finish"),
            path("sign-out/", self.page(_sign_out), name="logout"),
            path("language/", _language, name="language"),
            path("approvals/", self.page(approvals.waiting), name="approvals"),
            path("lists/", self.page(home.lists), name="lists"),
            path("lists/statute/", self.page(home.statute_rows), name="statute"),
        ]
        return own + stock

    def page(self, view: Any) -> Any:
        """A page of the desk: for clerks only, never cached; who is signed out is sent to the desk's own sign-in."""
        guarded = self.admin_view(view)
        guarded.login_url = reverse_lazy("desk:login")
        return guarded

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return home.home(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the frame shows: whose desk it is and what this post may do. No recent actions: none are kept."""
        entered = self.has_permission(request)
        agency = Agency.objects.known(request.user.agency) if entered else None
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "has_permission": entered,
            "desk_agency": agency.name if agency else "",
            "desk_post": request.user.get_post_display() if entered else "",
            "may": {act.name.lower(): may(request.user, act) for act in Act},
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
        }


@require_POST
def _sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and everything in it, the permissions to see a person too."""
    logout(request)
    return HttpResponseRedirect(reverse("desk:login"))


_language = login_not_required(require_POST(csrf_protect(set_language)))

site = DeskSite(name="desk")
