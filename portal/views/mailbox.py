"""The mailbox: letters of agencies, and the documents that came with them."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from notifications import mailbox as letters
from notifications.models import Document, Message
from portal.access import citizen_required
from portal.senders import names_of

_ON_A_PAGE = 20


@citizen_required
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """The list: unread letters on top."""
    page = Paginator(letters.messages_of(request.user), _ON_A_PAGE).get_page(request.GET.get("page"))
    names = names_of(message.sender for message in page)
    rows = [{"message": message, "sender": names[message.sender]} for message in page]
    return render(
        request,
        "portal/mailbox/list.html",
        {"rows": rows, "page": page, "unread": letters.unread_count(request.user)},
    )


@citizen_required
@require_safe
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """One letter; opening it is reading it. A stranger's is like one that does not exist."""
    try:
        letter = letters.open_message(user=request.user, message_id=message_id, at=timezone.now())
    except Message.DoesNotExist:
        raise Http404 from None
    return render(
        request,
        "portal/mailbox/message.html",
        {
            "message": letter,
            "sender": names_of([letter.sender])[letter.sender],
            "documents": letters.documents_of(letter),
        },
    )


@citizen_required
@require_safe
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """A PDF from the own mailbox, shown by the browser's viewer with nothing around it, or saved with `?save=1`.

    The policy lets it load nothing and run nothing, should a sender's file be more than a PDF.
    """
    try:
        found = letters.document(user=request.user, document_id=document_id)
    except Document.DoesNotExist:
        raise Http404 from None
    response = HttpResponse(found.content, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header("save" in request.GET, found.name) or "inline"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response
