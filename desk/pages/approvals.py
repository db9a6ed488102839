"""What waits for a second clerk in this municipality. The rows name nobody; opening one asks for the purpose."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.pages.page import address, for_clerks_who_may, show
from desk.permissions import Act
from numbering.models import NumberChange
from residents.models import Entry, Protection


@for_clerks_who_may(Act.SEE_REQUESTS)
def waiting(request: HttpRequest) -> HttpResponse:
    own = Entry.objects.current().filter(local_government_code=request.user.agency).values("resident")
    changes = NumberChange.objects.filter(approved_at__isnull=True, resident__in=own).order_by("requested_at")
    liftings = (
        Protection.objects.in_force(timezone.now())
        .exclude(lifting_requested_by="")
        .filter(resident__in=own)
        .order_by("lifting_requested_at")
    )
    rows: list[dict[str, Any]] = [
        {"what": _("New number"), "why": row.get_reason_display(), "at": row.requested_at,
         "href": address("purpose", row.resident_id)} for row in changes
    ] + [
        {"what": _("Lifting of support measures"), "why": "", "at": row.lifting_requested_at,
         "href": address("purpose", row.resident_id)} for row in liftings
    ]  # fmt: skip
    return show(
        request,
        "desk/approvals.html",
        title=_("Second step"),
        lead=_("What a colleague asked for. A supervisor decides, and never on a request of the supervisor's own."),
        rows=rows,
        here="approvals",
    )
