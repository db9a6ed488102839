"""An agency at the desk: what it needs to take part, checked; and for the network's administrator what it is trusted
with. Its own supervisor sees the checks of that agency and of no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import clients
from agencies.models import Agency, ApiClient
from desk.forms.network import AssessmentForm, ReasonedForm
from desk.pages.page import described, for_clerks_who_may, show
from desk.permissions import Act, administers_network, may
from exchange import diagnosis, trust

_CLERKS_DOMAIN = "exchange"
_OWN = (Agency.Kind.PORTAL, Agency.Kind.STAFF_DIRECTORY)


@for_clerks_who_may(Act.DIAGNOSE)
def agencies(request: HttpRequest) -> HttpResponse:
    """The agencies whose checks this clerk may see."""
    found = Agency.objects.order_by("local_code")
    if not administers_network(request.user):
        found = found.filter(local_code=request.user.agency)
    tiles = [
        {"name": agency.name, "text": f"{agency.get_kind_display()}, {agency.local_code}", "href": _address(agency)}
        for agency in found
    ]
    return show(
        request, "desk/tiles.html", title=_("Diagnose an agency"), tiles=tiles,
        lead=_("What an agency needs to ask and to answer, and what to do where something is missing."),
    )  # fmt: skip


@for_clerks_who_may(Act.DIAGNOSE)
def agency(request: HttpRequest, local_code: str) -> HttpResponse:
    """Each check of one agency."""
    found = _visible(request, local_code)
    may_administer = may(request.user, Act.ADMINISTER_AGENCY)
    programs = [
        (client.client_id, _key_name(client), reverse("desk:agency-client", args=[found.local_code, client.client_id]))
        for client in found.clients.filter(is_active=True).order_by("pk")
    ]
    checks = diagnosis.diagnose(found, at=timezone.now())
    return show(
        request, "desk/agency.html", title=found.name, agency=found, checks=checks,
        may_administer=may_administer, may_stop=may_administer and found.kind not in _OWN,
        programs=programs if may_administer else [],
    )  # fmt: skip


@for_clerks_who_may(Act.ADMINISTER_AGENCY)
def assessment(request: HttpRequest, local_code: str) -> HttpResponse:
    """Enter the last day of the agency's assessment."""
    found = _visible(request, local_code)
    form = AssessmentForm(
        request.POST if request.method == "POST" else None, initial={"until": found.assessment_until}
    )  # fmt: skip

    def act(**how: Any) -> None:
        trust.set_assessment(agency=found, until=form.cleaned_data["until"], **how)

    return _step(request, found, form, act, title=_("Set the assessment's last day"), button=_("Set"))


@for_clerks_who_may(Act.ADMINISTER_AGENCY)
def activity(request: HttpRequest, local_code: str) -> HttpResponse:
    """Let the agency take part, or no more. Our own two always do: without them nobody could sign in."""
    found = _visible(request, local_code)
    if found.kind in _OWN:
        raise Http404
    form = ReasonedForm(request.POST if request.method == "POST" else None)
    is_active = found.is_active

    def act(**how: Any) -> None:
        (trust.deactivate if is_active else trust.activate)(agency=found, **how)

    title = _("Shut the agency out") if is_active else _("Let the agency take part again")
    return _step(request, found, form, act, title=title, button=title, stop=is_active)


@for_clerks_who_may(Act.ADMINISTER_AGENCY)
def client(request: HttpRequest, local_code: str, client_id: UUID) -> HttpResponse:
    """End one program of the agency, as when its key was stolen."""
    found = _visible(request, local_code)
    program = found.clients.filter(client_id=client_id, is_active=True).first()
    if program is None:
        raise Http404
    form = ReasonedForm(request.POST if request.method == "POST" else None)

    def act(**how: Any) -> None:
        trust.end_client(client=program, **how)

    about = [(_("Program"), program.client_id), (_("Name of the key"), _key_name(program))]
    return _step(request, found, form, act, title=_("End this program"), button=_("End it"), stop=True, about=about)


def _visible(request: HttpRequest, local_code: str) -> Agency:
    """The agency, if the clerk may see its checks. Another's looks like none."""
    found = Agency.objects.filter(local_code=local_code).first()
    if found is None or not (administers_network(request.user) or found.local_code == request.user.agency):
        raise Http404
    return found


def _step(
    request: HttpRequest, found: Agency, form: Any, act: Callable[..., None], *, about: Any = None, **words: Any
) -> HttpResponse:
    if form.is_valid():
        by = request.user.pseudonym(_CLERKS_DOMAIN)
        act(by=by, reason=form.cleaned_data["reason"], at=timezone.now())
        messages.success(request, _("It is done and on record."))
        return HttpResponseRedirect(_address(found))
    return show(
        request, "desk/network_form.html", form=form, fields=described(form),
        about=[(_("Agency"), found.name), *(about or [])], crumbs_to_agency=(found.name, _address(found)), **words,
    )  # fmt: skip


def _address(found: Agency) -> str:
    return reverse("desk:agency", args=[found.local_code])


def _key_name(program: ApiClient) -> str:
    try:
        return clients.thumbprint(program)
    except clients.NotAPublicKey:
        return _("cannot be read")
