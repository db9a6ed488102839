"""The access records: who asked whom for what, by which law, when, and what came back (article 23 of the Act)."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from exchange import proofs as exchange_proofs
from exchange import records as exchange_records
from portal import sentences
from portal.access import citizen_required

_PAGE = 50


@require_GET
@citizen_required
def records(request: HttpRequest) -> HttpResponse:
    """The newest records, and from there on the older ones, page by page."""
    now, code = timezone.now(), request.user.portal_code
    before = request.GET.get("before") or None
    try:
        found = exchange_records.of_citizen(portal_code=code, at=now, before=before, limit=_PAGE + 1)
    except ValueError:
        raise Http404 from None
    shown = found[:_PAGE]
    context = {
        "groups": sentences.grouped(shown),
        "older": shown[-1].reference if len(found) > _PAGE else None,
        "is_first_page": before is None,
        "withheld": exchange_records.withheld_count(portal_code=code, at=now),
        "next_disclosure": exchange_records.next_disclosure(portal_code=code, at=now),
    }
    return render(request, "portal/records/list.html", context)


@require_GET
@citizen_required
def proofs(request: HttpRequest) -> HttpResponse:
    """All records with their proofs, as a file; `since` is the size that an earlier file states."""
    since = request.GET.get("since", "").strip()
    try:
        content = exchange_proofs.of_citizen(
            portal_code=request.user.portal_code, at=timezone.now(), since=int(since) if since else None
        )
    except ValueError:
        raise Http404 from None
    return _download(content, "access-records.json")


@require_GET
@citizen_required
def proof(request: HttpRequest, reference: uuid.UUID) -> HttpResponse:
    """One record with its proof, as a file."""
    content = exchange_proofs.of_record(portal_code=request.user.portal_code, reference=reference, at=timezone.now())
    if content is None:
        raise Http404
    return _download(content, "access-record.json")


def _download(content: dict[str, Any], name: str) -> HttpResponse:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return HttpResponse(
        text, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
