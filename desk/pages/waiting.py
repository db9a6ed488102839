"""Inquiries that wait for the clerk's agency: the list names nobody, the look is on record before anything is shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency
from codes.rist1 import format_code
from crossings import waiting as crossing
from crossings.look import NotAllowed, Refused
from desk import grants
from desk.forms.waiting import ANSWER, DecideForm
from desk.pages.page import described, for_clerks_who_may, show
from desk.permissions import Act
from exchange import statute
from exchange.standing import HasEnded, UnknownInquiry
from holdings.models import WaitingQuestion
from holdings.provide import ItemValue
from holdings.waiting import NotWaiting


@for_clerks_who_may(Act.ANSWER_INQUIRIES)
def waiting(request: HttpRequest) -> HttpResponse:
    questions = crossing.listed(clerk=request.user, at=timezone.now())
    names = _names(questions)
    rows = [
        {"what": _data_set(question), "who": _who(question, names), "at": question.at, "ends_at": question.ends_at,
         "href": reverse("desk:waiting-question", kwargs={"reference": question.id})} for question in questions
    ]  # fmt: skip
    return show(
        request,
        "desk/waiting.html",
        title=_("Inquiries that wait for us"),
        lead=_("Your agency answers these by hand. What nobody decides in time ends by itself, without an answer."),
        rows=rows,
        here="waiting",
    )


@for_clerks_who_may(Act.ANSWER_INQUIRIES)
def question(request: HttpRequest, reference: UUID) -> HttpResponse:
    """First the look is recorded, then what would be answered is shown, then it is decided."""
    try:
        if grants.holds(request, reference):
            return _decide(request, reference)
        return _ask_to_look(request, reference)
    except (NotWaiting, UnknownInquiry):
        raise Http404 from None


def _ask_to_look(request: HttpRequest, reference: UUID) -> HttpResponse:
    asked = crossing.one(clerk=request.user, reference=reference, at=timezone.now())
    refusal = ""
    if request.method == "POST":
        try:
            crossing.look(clerk=request.user, reference=reference, at=timezone.now())
        except (Refused, NotAllowed):
            refusal = _("The exchange does not permit this look. The refusal is on record.")
        else:
            grants.give(request, reference)
            return HttpResponseRedirect(request.path)
    return show(
        request,
        "desk/waiting_look.html",
        title=_("An inquiry that waits for us"),
        about=_facts(asked),
        refusal=refusal,
        here="waiting",
    )


def _decide(request: HttpRequest, reference: UUID) -> HttpResponse:
    seen = crossing.opened(clerk=request.user, reference=reference, at=timezone.now())
    form = DecideForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        act = crossing.approve if form.cleaned_data["decision"] == ANSWER else crossing.decline
        try:
            act(clerk=request.user, reference=reference, reason=form.cleaned_data["reason"], at=timezone.now())
        except HasEnded:
            messages.warning(request, _("It has ended meanwhile. Nothing was changed."))
        else:
            messages.success(request, _("It is decided and on record."))
        return HttpResponseRedirect(reverse("desk:waiting"))
    return show(
        request,
        "desk/waiting_decide.html",
        title=_("Decide an inquiry"),
        about=_facts(seen.question),
        code=format_code(seen.question.code),
        answer=[(_item_name(item.code), _value(item)) for item in seen.provision.items],
        form=form,
        fields=described(form),
        here="waiting",
    )


def _facts(asked: WaitingQuestion) -> list[tuple[Any, Any]]:
    return [
        (_("Who asks"), _who(asked, _names([asked]))),
        (_("What about"), _data_set(asked)),
        (_("Items"), ", ".join(_item_name(code) for code in asked.items.split())),
        (_("For which time"), str(asked.condition) or _("the newest")),
        (_("Date of the inquiry"), asked.at),
        (_("To be decided until"), asked.ends_at),
    ]


def _names(questions: list[WaitingQuestion]) -> dict[str, str]:
    asking = Agency.objects.by_local_code(question.inquirer for question in questions)
    return {code: agency.name for code, agency in asking.items()}


def _who(asked: WaitingQuestion, names: dict[str, str]) -> str:
    return names.get(asked.inquirer) or _("Not shown: the person is protected")


def _data_set(asked: WaitingQuestion) -> str:
    term = statute.data_sets().get(asked.data_set)
    return term.name if term else asked.data_set


def _item_name(code: str) -> str:
    term = statute.items().get(code)
    return term.name if term else code


def _value(item: ItemValue) -> str:
    reasons = {
        "NOT_APPLICABLE": _("does not apply"),
        "WITHHELD": _("withheld"),
        "NOT_YET_FIXED": _("not decided yet"),
    }
    return item.value if item.value is not None else reasons.get(str(item.null_reason), _("not held"))
