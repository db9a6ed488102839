"""Our copies: what the clerk's agency provides from, in numbers; and the switch that stops a whole data set."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies.models import Agency
from desk.forms.copies import ResumeForm, StopForm
from desk.pages.page import described, for_clerks_who_may, show
from desk.permissions import Act, may
from exchange import registration, statute
from holdings import overview
from holdings.models import Stop
from holdings.overview import DataSet
from holdings.periods import legal_day


@for_clerks_who_may(Act.SEE_COPIES)
def own_copies(request: HttpRequest) -> HttpResponse:
    """Every data set that the agency provides, with its copies counted. No person appears."""
    lines = _lines(_agency_of(request))
    columns = [
        _("Data set"), _("Copies"), _("Withdrawn"), _("Layout"), _("Last run"), _("Written at"), _("Answers"),
    ]  # fmt: skip
    return show(
        request,
        "desk/copies.html",
        title=_("Our copies"),
        lead=_("What your agency answers inquiries from. The list counts copies and shows no person."),
        columns=columns,
        rows=[(line, list(zip(columns, _cells(line), strict=True))) for line in lines],
        may_stop=may(request.user, Act.STOP_COPIES),
        here="lists",
    )


@for_clerks_who_may(Act.STOP_COPIES)
def switch(request: HttpRequest, data_set: str) -> HttpResponse:
    """Stop answers from a whole data set until its copies are checked, or let them go on."""
    agency = _agency_of(request)
    line = next((line for line in _lines(agency) if line.code == data_set), None)
    if line is None:
        raise Http404
    form = (ResumeForm if line.stop else StopForm)(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if line.stop:
            registration.resume(agency=agency, data_set=data_set, at=timezone.now())
            messages.success(request, _("Inquiries are answered from these copies again."))
        else:
            by = request.user.pseudonym("holdings")
            reason = Stop.Reason(form.cleaned_data["reason"])
            registration.stop(agency=agency, data_set=data_set, reason=reason, by=by, at=timezone.now())
            messages.success(request, _("No inquiry is answered from these copies until you let them go on."))
        return HttpResponseRedirect(reverse("desk:copies"))
    return show(
        request,
        "desk/switch.html",
        title=_("Let answers go on") if line.stop else _("Stop answers from these copies"),
        lead=""
        if line.stop
        else _("Whoever asks meanwhile is told to ask again later. Nobody is answered from copies that may be wrong."),
        about=[(_("Data set"), _name(line)), (_("Copies"), line.held), (_("Answers"), _answers(line))],
        form=form,
        fields=described(form),
        back=reverse("desk:copies"),
        button=_("Let them go on") if line.stop else _("Stop them"),
        stop=not line.stop,
        here="lists",
    )


def _agency_of(request: HttpRequest) -> Agency:
    agency = Agency.objects.known(request.user.agency)
    if agency is None:
        raise Http404
    return agency


def _lines(agency: Agency) -> list[DataSet]:
    """What the agency provides today, and what it holds besides from earlier."""
    found = overview.of_agency(agency.local_code)
    provided = registration.provided_by(agency, legal_day(timezone.now()))
    return [found.get(code) or DataSet(code) for code in sorted({*provided, *found})]


def _cells(line: DataSet) -> list[Any]:
    versions = ", ".join(map(str, line.layout_versions))
    return [
        _name(line),
        str(line.held),
        str(line.withdrawn),
        versions or "–",
        _run(line),
        line.written_at or "–",
        _answers(line),
    ]


def _run(line: DataSet) -> str:
    if line.run is None:
        return "–"
    return _("No. %(number)s, %(kind)s") % {"number": line.run.number, "kind": line.run.get_kind_display()}


def _name(line: DataSet) -> str:
    term = statute.data_sets().get(line.code)
    return term.name if term else line.code


def _answers(line: DataSet) -> str:
    if line.stop:
        return _("Stopped: %(reason)s") % {"reason": line.stop.get_reason_display()}
    if line.stopped_persons:
        return ngettext("Stopped for %(count)s person", "Stopped for %(count)s persons", line.stopped_persons) % {
            "count": line.stopped_persons
        }
    return _("Not stopped")
