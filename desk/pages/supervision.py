"""The commission's pages: what the log shows of agencies and clerks. No page names a person or says what a record held.

One page opens what stands behind one record, after a reason that is on record first.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crossings import supervise
from crossings.purposes import in_words
from desk.forms.supervision import BehindForm, RefusalsForm
from desk.pages.page import described, for_clerks_who_may, show
from desk.permissions import Act
from desk.words import KINDS, OUTCOMES, UNUSUAL
from desk.words import copies as copies_words
from exchange import supervision, unusual_looks
from exchange.models import Kind
from holdings.periods import legal_day

_PAGE = 50


@for_clerks_who_may(Act.SUPERVISE)
def overview(request: HttpRequest) -> HttpResponse:
    """Where the commission begins."""
    tiles = [
        ("refusals", _("Refusals"), _("Questions and looks that the exchange did not allow.")),
        ("unusual", _("Unusual looks"), _("Clerks whose looks of the last month stand out.")),
        ("differing", _("Copies that differ"), _("Events of the last day without all copies of their record.")),
        ("passed-on", _("Questions from citizens"), _("Passed on to you, and not answered in time.")),
        ("withheld", _("Withheld records"), _("How many, of which agency, and until when.")),
        ("assessments", _("Missing assessments"), _("Agencies that nobody may ask and that may ask nobody.")),
        ("log", _("The log and its witnesses"), _("What it last said of itself, and who has seen it.")),
    ]
    shown = [{"name": name, "text": text, "href": reverse(f"desk:{page}")} for page, name, text in tiles]
    return _show(request, "desk/tiles.html", title=_("Supervision"), tiles=shown)


@for_clerks_who_may(Act.SUPERVISE)
def refusals(request: HttpRequest) -> HttpResponse:
    """Newest first, by agency, affair, reason and day."""
    form, before = RefusalsForm(request.GET), request.GET.get("before") or None
    found: list[supervision.Refusal] = []
    if form.is_valid():
        try:
            found = supervision.refusals(**form.cleaned_data, before=before, limit=_PAGE + 1)
        except ValueError:
            raise Http404 from None
    columns = [_("At"), _("Agency"), _("Asked"), _("Kind"), _("Affair"), _("Reason"), _("Record")]
    rows = [_row(columns, _refusal(refusal), [refusal.reference]) for refusal in found[:_PAGE]]
    query = request.GET.copy()
    if len(found) > _PAGE:
        query["before"] = found[_PAGE - 1].reference
    return _show(
        request, "desk/supervised.html", title=_("Refusals"), form=form, fields=described(form), columns=columns,
        rows=rows, older=f"?{query.urlencode()}" if len(found) > _PAGE else "", is_filtered=bool(request.GET),
        empty=_("There is no such refusal."),
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def unusual(request: HttpRequest) -> HttpResponse:
    """Clerks who stand out, by their pseudonyms."""
    found = unusual_looks.find(at=timezone.now())
    columns = [_("What stands out"), _("Agency"), _("Clerk (pseudonym)"), _("How often"), _("Since"), _("Until"),
               _("Newest records")]  # fmt: skip
    rows = [
        _row(
            columns,
            [capfirst(UNUSUAL[one.what]), one.agency.name, one.clerk[:12] or "–", one.count, one.first_at, one.last_at],
            one.references,
        )
        for one in found.findings
    ]
    return _show(
        request, "desk/supervised.html", title=_("Unusual looks"), columns=columns, rows=rows,
        lead=_("Looks and searches of the last %(days)s days at the desks. Office hours are Monday to Friday, %(from)s "
               "to %(to)s o'clock; holidays are not known.")
        % {"days": unusual_looks.DAYS_OF_LOOKS, "from": unusual_looks.OFFICE_HOURS[0],
           "to": unusual_looks.OFFICE_HOURS[-1] + 1},
        note=_("Looks that were read: %(count)s.") % {"count": found.read},
        warning=_("There were more. Only the newest %(count)s were read.") % {"count": found.read}
        if found.is_cut else "",
        empty=_("Nobody stands out."),
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def copies(request: HttpRequest) -> HttpResponse:
    """Events whose copies differ (article 23)."""
    found = supervision.copies_amiss(at=timezone.now())
    columns = [_("What is amiss"), _("At"), _("Agency"), _("Asked"), _("Record")]
    rows = [
        _row(columns, [copies_words(one.what), one.at or "–", _name(one.inquirer), _name(one.provider)],
             [one.reference] if one.reference else [])
        for one in found.amiss
    ]  # fmt: skip
    return _show(
        request, "desk/supervised.html", title=_("Copies that differ"), columns=columns, rows=rows,
        lead=_("Events of the last day at most, but for the last minutes. Two days are compared every night."),
        facts=[(_("Compared since"), found.since)],
        warning=_("There are more than can be shown.") if found.is_cut else "",
        empty=_("Every event of this time has its copies."),
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def assessments(request: HttpRequest) -> HttpResponse:
    """Agencies without a valid assessment (articles 21(2) and 28)."""
    columns = [_("Agency"), _("Local code"), _("Kind"), _("Valid until")]
    rows = [
        _row(
            columns,
            [
                agency.name,
                agency.local_code,
                capfirst(agency.get_kind_display()),
                agency.assessment_until or capfirst(_("never")),
            ],
        )
        for agency in supervision.without_assessment(on=legal_day(timezone.now()))
    ]
    return _show(
        request, "desk/supervised.html", title=_("Missing assessments"), columns=columns, rows=rows,
        lead=_("While it is missing, the exchange refuses all that the agency asks and is asked."),
        empty=_("Every agency has a valid assessment."),
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def withheld(request: HttpRequest) -> HttpResponse:
    """Records kept from their persons for now (article 23(2)): how many, never whose."""
    found, is_cut = supervision.withheld(on=legal_day(timezone.now()))
    columns = [_("Agency"), _("Shown from"), _("Made under"), _("How many")]
    rows = [
        _row(columns, [one.agency.name, one.until or capfirst(_("no day set")), one.article or "–", one.count])
        for one in found
    ]
    return _show(
        request, "desk/supervised.html", title=_("Withheld records"), columns=columns, rows=rows,
        lead=_("Kept from their persons for now (My Number Act, article 23, paragraph 2)."),
        warning=_("There are more than can be shown.") if is_cut else "",
        empty=_("Nothing is withheld."),
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def log(request: HttpRequest) -> HttpResponse:
    """The last checkpoint, and how far each witness has signed."""
    state = supervision.log_state()
    columns = [_("Witness"), _("Signed up to"), _("Entries behind"), _("Is asked")]
    rows = [
        _row(columns, [one.name, one.size if one.size is not None else _("never"), one.behind,
                       _("yes") if one.is_asked else _("no longer")])
        for one in state.witnesses
    ]  # fmt: skip
    facts = [
        (_("Entries under the last checkpoint"), state.size),
        (_("Time of the last entry"), state.at or "–"),
    ]
    return _show(
        request, "desk/supervised.html", title=_("The log and its witnesses"), facts=facts, columns=columns, rows=rows,
        empty=_("No witness is named: nobody else has seen this log."),
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def behind(request: HttpRequest, reference: UUID) -> HttpResponse:
    """The clerk and the evidence behind one record, on one page that is never kept, after the reason is on record."""
    if not supervise.exists(reference):
        raise Http404
    form = BehindForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        revealed = supervise.reveal(officer=request.user, reference=reference, **form.cleaned_data, at=timezone.now())
        return _show(
            request, "desk/revealed.html", title=_("Behind the record"), facts=_behind(revealed), reference=reference
        )
    return _show(
        request, "desk/behind.html", title=_("Look behind a record"), form=form, fields=described(form),
        reference=reference,
    )  # fmt: skip


def _show(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return show(request, template, here="supervision", **context)


def _row(columns: list[str], values: list[Any], references: Any = ()) -> dict[str, Any]:
    """Cells by their names, and after them the records that may be looked behind."""
    links = [{"text": each[:8], "href": reverse("desk:behind", args=[each])} for each in references]
    return {"cells": list(zip(columns, values, strict=False)), "links": links, "last": columns[-1]}


def _refusal(refusal: supervision.Refusal) -> list[Any]:
    return [
        refusal.at,
        refusal.inquirer.name,
        _name(refusal.provider),
        capfirst(KINDS[Kind(refusal.kind)]),
        refusal.affair_name or capfirst(_("an affair that the law does not know")),
        capfirst(OUTCOMES.get(refusal.outcome, refusal.outcome)),
    ]


def _behind(revealed: supervise.Revealed) -> list[tuple[str, Any]]:
    record = revealed.record
    lines = [
        (_("Agency"), record.inquirer.name),
        (_("Asked"), _name(record.provider)),
        (_("At"), record.asked_at),
        (_("Affair"), record.affair_name),
        (_("Data set"), record.data_set_name),
        (_("Purpose"), capfirst(in_words(revealed.purpose))),
        (_("Case number"), revealed.case_number),
        (_("Clerk"), revealed.clerk_name),
        (_("Post"), capfirst(revealed.clerk_post)),
        (_("Evidence: clerk, as the agency names it"), revealed.evidence.get("clerk", "")),
        (_("Evidence: section"), revealed.evidence.get("section", "")),
        (_("Evidence: case number"), revealed.evidence.get("case_number", "")),
        (_("Evidence: transaction"), revealed.evidence.get("txn", "")),
    ]
    return [(name, value) for name, value in lines if value and value != "–"]


def _name(agency: Any) -> str:
    return agency.name if agency else "–"
