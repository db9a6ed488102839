"""What the frame around every page shows: whose desk it is, what this post may do, when the session ends by itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from desk import door
from desk.permissions import Act, may

SITE = "desk"
TITLE = _("Municipal desk")
TITLE_OF_COMMISSION = _("Commission's desk")


def context(request: HttpRequest) -> dict[str, Any]:
    """For the templates under templates/admin/. No recent actions: none are kept."""
    entered = door.is_open(request)
    agency = Agency.objects.known(request.user.agency) if entered else None
    allowed = {act.name.lower(): may(request.user, act) for act in Act}
    title = TITLE_OF_COMMISSION if allowed["supervise"] else TITLE
    return {
        "site_title": title,
        "site_header": title,
        "has_permission": entered,
        "desk_agency": agency.name if agency else "",
        "desk_post": request.user.get_post_display() if entered else "",
        "idle_seconds": request.session.get_expiry_age() if entered else 0,
        "may": allowed,
        "is_popup": False,
        "is_nav_sidebar_enabled": False,
    }
