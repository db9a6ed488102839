"""The access records: who asked whom for what, by which law, when, and what came back (article 23 of the Act)."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from exchange import proofs as exchange_proofs
from exchange import records as exchange_records
from exchange.models import Kind
from exchange.question_models import Question
from portal import sentences
from portal.access import citizen_required
from portal.views import questions

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
def record(request: HttpRequest, reference: uuid.UUID) -> HttpResponse:
    """One record, fetched through its owner: a stranger's reference is as unknown as an invented one."""
    return page(request, reference)


def page(request: HttpRequest, reference: uuid.UUID, form: questions.QuestionForm | None = None) -> HttpResponse:
    """The record with her questions about it, and the form for one where none is open."""
    found = exchange_records.one(portal_code=request.user.portal_code, reference=reference, at=timezone.now())
    if found is None:
        raise Http404
    asked = questions.of_record(request, reference) if found.kind != Kind.SELF else []
    may_ask = found.kind != Kind.SELF and not any(one.question.state != Question.State.CLOSED for one in asked)
    context = {
        "record": found,
        "line": sentences.line_of(found),
        "purpose": sentences.purpose_of(found),
        "asked": asked,
        "form": (form or questions.QuestionForm()) if may_ask else None,
        "answer_days": settings.QUESTION_ANSWER_DAYS,
        "is_protected": may_ask and questions.is_protected(request),
    }
    return render(request, "portal/records/detail.html", context, status=422 if may_ask and form else 200)


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
