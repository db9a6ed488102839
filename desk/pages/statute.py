"""The permission table at the desk: reading it, proposing a change of it, and deciding on what another proposed."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency
from desk.forms.network import BasisForm, CloseRowForm, RowForm, data_sets
from desk.pages.page import described, for_clerks_who_may, show
from desk.permissions import Act, administers_network, may
from desk.words import KINDS
from exchange import statute, statute_changes
from exchange.models import Kind, StatuteChange
from exchange.statute import Rule
from exchange.statute_changes import NotAccepted
from holdings.periods import legal_day

_CLERKS_DOMAIN = "exchange"
_SHOWN = 50


@for_clerks_who_may(Act.SEE_STATUTE)
def rows(request: HttpRequest) -> HttpResponse:
    """The permission table as the exchange reads it."""
    columns = [
        _("Row"), _("Kind"), _("Affair"), _("Who asks"), _("Who answers"), _("Data set"), _("Article"), _("Valid from"),
        _("Last day"),
    ]  # fmt: skip
    return show(
        request,
        "desk/table.html",
        title=_("The permission table"),
        lead=_("Who may ask whom, for which affair, for what. What is not in the table is refused."),
        columns=columns,
        rows=[list(zip(columns, _cells(rule), strict=True)) for rule in statute.rules().values()],
        here="lists",
    )


@for_clerks_who_may(Act.PROPOSE_ROW)
def changes(request: HttpRequest) -> HttpResponse:
    """What waits for a decision and what was decided; for a municipality, its own."""
    found = _visible(request).order_by("-proposed_at")[:_SHOWN]
    agency = _agency(request)
    closable = [
        rule for rule in statute.rules().values() if statute_changes.may_propose(agency, rule) and rule.valid_to is None
    ]
    return show(
        request,
        "desk/changes.html",
        title=_("Changes of the permission table"),
        lead=_("One person proposes, another decides. A row is never edited: a new one is added, or one is closed."),
        version=statute.version(),
        changes=[(change, _what(change), reverse("desk:statute-change", args=[change.pk])) for change in found],
        closable=closable,
    )


@for_clerks_who_may(Act.PROPOSE_ROW)
def add(request: HttpRequest) -> HttpResponse:
    """First what the row is about, then the row."""
    agency, is_network = _agency(request), administers_network(request.user)
    followed = {
        rule.row: rule
        for rule in statute.rules().values()
        if rule.kind == Kind.INQUIRY and not rule.ordinance_of and rule.is_in_force(legal_day(timezone.now()))
    }
    choices = (
        data_sets()
        if is_network
        else [(row, f"{row}: {rule.affair.name}, {rule.data_set.name}") for row, rule in followed.items()]
    )
    basis = BasisForm(
        request.GET or None, choices=choices, label=_("Data set") if is_network else _("The row that it follows")
    )
    back = reverse("desk:statute-changes")
    if not basis.is_valid():
        return show(
            request, "desk/basis.html", title=_("Propose a row"), form=basis, fields=described(basis),
            button=_("Go on"), crumbs_to_changes=back,
        )  # fmt: skip
    of = basis.cleaned_data["of"]
    follows = None if is_network else followed[of]
    data_set = follows.data_set.code if follows else of
    allowed = follows.items if follows else [code for code, item in statute.items().items() if item.data_set == of]
    form = RowForm(
        request.POST if request.method == "POST" else None,
        items=[statute.items()[code] for code in allowed],
        follows=follows,
        initial={
            "article_ja": "番号法第19条第9号" if follows else "番号法第19条第8号",
            "article_en": "My Number Act, article 19, item 9" if follows else "My Number Act, article 19, item 8",
            "valid_from": legal_day(timezone.now()),
        },
    )
    if form.is_valid():
        facts = {"kind": str(Kind.INQUIRY), "data_set": data_set, "ordinance_of": follows.row if follows else ""}
        if follows:
            facts |= {"requester_kind": agency.local_code, "provider_kind": follows.provider_kind}
        try:
            change = statute_changes.add(
                line=form.line(**facts), agency=agency, by=_by(request), reason=form.cleaned_data["reason"],
                at=timezone.now(),
            )  # fmt: skip
        except NotAccepted as refused:
            form.add_error(None, str(refused))
        else:
            return _proposed(request, change)
    about = [(_("Data set"), statute.data_sets()[data_set].name)]
    if follows:
        about.append((_("The row that it follows"), follows.row))
    return show(
        request, "desk/network_form.html", title=_("Propose a row"), about=about, form=form, fields=described(form),
        button=_("Propose"), crumbs_to_changes=back,
    )  # fmt: skip


@for_clerks_who_may(Act.PROPOSE_ROW)
def close(request: HttpRequest, row: str) -> HttpResponse:
    """Propose the last day of a row. A row that is not the clerk's to close looks like none."""
    rule, agency = statute.rule_of(row), _agency(request)
    if rule is None or not statute_changes.may_propose(agency, rule):
        raise Http404
    form = CloseRowForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            change = statute_changes.close(
                row=row, valid_to=given["valid_to"], agency=agency, by=_by(request), reason=given["reason"],
                at=timezone.now(),
            )  # fmt: skip
        except NotAccepted as refused:
            form.add_error(None, str(refused))
        else:
            return _proposed(request, change)
    return show(
        request, "desk/network_form.html", title=_("Propose to close a row"), about=_facts(rule), form=form,
        fields=described(form), button=_("Propose"), crumbs_to_changes=reverse("desk:statute-changes"),
    )  # fmt: skip


@for_clerks_who_may(Act.PROPOSE_ROW)
def change(request: HttpRequest, change_id: UUID) -> HttpResponse:
    """One change: what it says, who may decide. A municipality sees its own; another's looks like none."""
    found = _visible(request).filter(pk=change_id).first()
    if found is None:
        raise Http404
    is_waiting, is_own = found.state == StatuteChange.State.PROPOSED, found.proposed_by == _by(request)
    may_approve = is_waiting and not is_own and may(request.user, Act.DECIDE_ROW)
    may_reject = is_waiting and (is_own or may(request.user, Act.DECIDE_ROW))
    problem = ""
    if request.method == "POST":
        decision = request.POST.get("decision", "")
        if {"approve": may_approve, "reject": may_reject}.get(decision) is not True:
            raise Http404
        decide = statute_changes.approve if decision == "approve" else statute_changes.reject
        try:
            decide(change=found, agency=_agency(request), by=_by(request), at=timezone.now())
        except NotAccepted as refused:
            problem = str(refused)
        else:
            messages.success(request, _("It is decided and on record."))
            return HttpResponseRedirect(reverse("desk:statute-changes"))
    rule = statute.rule_from(found.line) if found.line else statute.rule_of(found.row)
    about: list[tuple[Any, Any]] = [(_("What changes"), _what(found)), *(_facts(rule) if rule else [])]
    if found.valid_to:
        about.append((_("New last day"), found.valid_to))
    about += [
        (_("Proposed by"), _name(found.agency)),
        (_("Proposed at"), found.proposed_at),
        (_("Reason"), found.reason),
        (_("State"), _state(found)),
    ]
    return show(
        request, "desk/change.html", title=_("A change of the permission table"), about=about, problem=problem,
        may_approve=may_approve, may_reject=may_reject, is_own=is_own,
        crumbs_to_changes=reverse("desk:statute-changes"),
    )  # fmt: skip


def _visible(request: HttpRequest) -> Any:
    everything = StatuteChange.objects.all()
    return everything if administers_network(request.user) else everything.filter(agency=request.user.agency)


def _agency(request: HttpRequest) -> Agency:
    return Agency.objects.get(local_code=request.user.agency)


def _by(request: HttpRequest) -> str:
    name: str = request.user.pseudonym(_CLERKS_DOMAIN)
    return name


def _proposed(request: HttpRequest, change: StatuteChange) -> HttpResponse:
    messages.success(request, _("It is proposed and on record. Another person decides."))
    return HttpResponseRedirect(reverse("desk:statute-change", args=[change.pk]))


def _what(change: StatuteChange) -> str:
    if change.act == StatuteChange.Act.ADD:
        return _("New row %(row)s") % {"row": change.row}
    return _("Row %(row)s ends") % {"row": change.row}


def _state(change: StatuteChange) -> str:
    match change.state:
        case StatuteChange.State.APPROVED:
            return _("approved, version %(version)s of the table") % {"version": change.version}
        case StatuteChange.State.REJECTED:
            return _("rejected or taken back")
    return _("waits for a decision")


def _facts(rule: Rule) -> list[tuple[Any, Any]]:
    facts: list[tuple[Any, Any]] = [
        (_("Row"), rule.row),
        (_("Kind"), KINDS[Kind(rule.kind)]),
        (_("Affair"), rule.affair.name),
        (_("Who asks"), _name(rule.requester_kind) if rule.ordinance_of else _party(rule.requester_kind)),
        (_("Who answers"), _party(rule.provider_kind)),
        (_("Data set"), rule.data_set.name),
        (_("Items"), ", ".join(statute.items()[item].name for item in rule.items)),
        (_("Article"), rule.article),
        (_("First day"), rule.valid_from),
        (_("Last day"), rule.valid_to or _("none")),
    ]
    if rule.ordinance_of:
        facts.append((_("The row that it follows"), rule.ordinance_of))
    return facts


def _cells(rule: Rule) -> list[Any]:
    last: date | str = rule.valid_to or "–"
    return [
        rule.row,
        KINDS[Kind(rule.kind)],
        rule.affair.name,
        _party(rule.requester_kind),
        _party(rule.provider_kind),
        rule.data_set.name,
        rule.article,
        rule.valid_from,
        last,
    ]


def _party(text: str) -> str:
    """A row names a kind of agency, or (an ordinance's row) one municipality by its local code."""
    return str(Agency.Kind(text).label) if text in Agency.Kind.values else text


def _name(local_code: str) -> str:
    agency = Agency.objects.filter(local_code=local_code).first()
    return agency.name if agency else local_code
