"""How every page of the desk is drawn, and how a page about one person is guarded."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from desk import frame, grants
from desk.permissions import Act, keeps, may, may_receive
from residents.models import Resident

View = Callable[..., HttpResponse]


def show(request: HttpRequest, template: str, *, title: Any, status: int = 200, **context: Any) -> HttpResponse:
    """The page, with what the frame around it needs."""
    request.current_app = frame.SITE
    return TemplateResponse(request, template, {**frame.context(request), "title": title, **context}, status=status)


def for_clerks_who_may(act: Act) -> Callable[[View], View]:
    """A page that names no person. 403 for a post that the act is not given to."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may(request.user, act):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return guard


def of_a_person(act: Act, *, arrivals_too: bool = False) -> Callable[[View], View]:
    """A page about one person: 404 for a person of another register, the purpose page first for one's own.

    The view gets the Resident. `arrivals_too` opens it for people who have moved out elsewhere (moving in).
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, resident_id: UUID, **kwargs: Any) -> HttpResponse:
            if not may(request.user, act):
                raise PermissionDenied
            resident = find(request, resident_id, arrivals_too=arrivals_too)
            if not grants.holds(request, resident_id):
                return HttpResponseRedirect(address("purpose", resident_id))
            return view(request, resident, **kwargs)

        return guarded

    return guard


def find(request: HttpRequest, resident_id: UUID, *, arrivals_too: bool) -> Resident:
    """The resident, if this clerk may ever open the person. A stranger looks exactly like nobody: 404."""
    resident = Resident.objects.filter(pk=resident_id).first()
    if resident is not None and (
        keeps(request.user, resident) or (arrivals_too and may_receive(request.user, resident))
    ):
        return resident
    raise Http404


def address(name: str, resident_id: UUID, **kwargs: Any) -> str:
    """The address of a person's page. It carries the row's random id and nothing that a person is known by."""
    return reverse(f"desk:residents_resident_{name}", kwargs={"resident_id": resident_id, **kwargs})


def described(form: BaseForm) -> list[Any]:
    """The form's visible fields, each with the ids of its help and error for a screen reader."""
    for field in form.visible_fields():
        ids = []
        if field.help_text:
            ids.append(f"{field.id_for_label}_help")
        if field.errors:
            ids.append(f"{field.id_for_label}_error")
            field.field.widget.attrs["aria-invalid"] = "true"
        if ids:
            field.field.widget.attrs["aria-describedby"] = " ".join(ids)
    return form.visible_fields()
