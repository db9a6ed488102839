"""Questions from citizens: an agency answers its own, the commission those that were passed on to it.

The agency sees the record and the case number that it gave itself, and the person's words; never the person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from agencies.models import Agency
from crossings import ask
from crossings.purposes import in_words
from desk.forms.supervision import AnswerForm
from desk.pages.page import described, for_clerks_who_may, show
from desk.permissions import Act
from desk.words import KINDS
from exchange import questions
from exchange.models import Kind
from exchange.questions import Received

_MOST = 100


@for_clerks_who_may(Act.ANSWER_QUESTIONS)
def waiting(request: HttpRequest) -> HttpResponse:
    """What the clerk's own agency has to answer, the first deadline first."""
    found = questions.to_agency(agency=_agency(request), at=timezone.now(), limit=_MOST)
    return show(
        request, "desk/questions.html", title=_("Questions from citizens"), here="questions",
        lead=_("About records of your agency. The answer is due within the deadline; after it the commission sees the "
               "question."),
        rows=[_row(received, "question") for received in found], is_full=len(found) == _MOST,
    )  # fmt: skip


@for_clerks_who_may(Act.ANSWER_QUESTIONS)
def one(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """One question to the clerk's own agency; another agency's is as unknown as an invented one."""
    agency = _agency(request)
    received = questions.one_to_agency(agency=agency, question_id=question_id, at=timezone.now())
    if received is None:
        raise Http404
    return _answered(
        request, received, back="questions", title=_("A citizen's question"),
        act=lambda text: ask.answer(agency=agency, question=received.question, text=text, at=timezone.now()),
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def passed_on(request: HttpRequest) -> HttpResponse:
    """What was passed to the commission, and what no agency has answered in time."""
    now = timezone.now()
    found = questions.passed_on(at=now, limit=_MOST)
    late = questions.overdue(at=now, limit=_MOST)
    return show(
        request, "desk/questions.html", title=_("Questions passed to the commission"), here="supervision",
        rows=[_row(received, "passed-on-one") for received in found], is_full=len(found) == _MOST,
        late=[(question.agency.name, question.get_ground_display(), question.answer_by) for question in late],
        commission=True,
    )  # fmt: skip


@for_clerks_who_may(Act.SUPERVISE)
def rule(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """The commission answers; that ends the question."""
    received = questions.one_passed_on(question_id=question_id, at=timezone.now())
    if received is None:
        raise Http404
    return _answered(
        request, received, back="passed-on", title=_("A question that was passed on"), commission=True,
        act=lambda text: ask.rule(question=received.question, text=text, at=timezone.now()),
    )  # fmt: skip


def _answered(
    request: HttpRequest, received: Received, *, back: str, title: str, act: Callable[[str], None],
    commission: bool = False,
) -> HttpResponse:  # fmt: skip
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            act(form.cleaned_data["text"])
        except questions.NumberInText:
            form.add_error("text", _("There is something like an Individual Number in it. Leave it out."))
        except questions.TextRefused:
            form.add_error("text", _("Write an answer, of at most 4,000 characters."))
        except questions.NotInThisState:
            messages.warning(request, _("This question was answered or passed on in the meantime."))
            return HttpResponseRedirect(reverse(f"desk:{back}"))
        else:
            messages.success(request, _("The answer is with the person, and a letter says that it is there."))
            return HttpResponseRedirect(reverse(f"desk:{back}"))
    may_answer = commission or received.question.state == received.question.State.ASKED
    return show(
        request, "desk/question.html", title=title, facts=_facts(received, commission), text=received.text,
        answer=received.answer, form=form if may_answer else None, fields=described(form), back=reverse(f"desk:{back}"),
        commission=commission,
        here="supervision" if commission else "questions", status=422 if form.is_bound else 200,
    )  # fmt: skip


def _agency(request: HttpRequest) -> Agency:
    agency = Agency.objects.known(request.user.agency)
    if agency is None:
        raise Http404
    return agency


def _row(received: Received, page: str) -> dict[str, Any]:
    question = received.question
    return {
        "agency": question.agency.name,
        "ground": question.get_ground_display(),
        "affair": received.record.affair_name,
        "at": received.record.asked_at,
        "answer_by": question.answer_by,
        "is_overdue": received.is_overdue,
        "href": reverse(f"desk:{page}", args=[question.pk]),
    }


def _facts(received: Received, commission: bool) -> list[tuple[str, Any]]:
    record, question = received.record, received.question
    lines = [
        (_("Reason of the question"), question.get_ground_display()),
        (_("Answer due by"), question.answer_by),
        (_("Agency"), record.inquirer.name),
        (_("Asked"), record.provider.name if record.provider else ""),
        (_("Kind"), capfirst(KINDS[Kind(record.kind)])),
        (_("At"), record.asked_at),
        (_("Affair"), record.affair_name),
        (_("Data set"), record.data_set_name),
        (_("Purpose"), capfirst(in_words(record.purpose))),
        (_("Outcome"), record.outcome_text),
        (_("Case number"), "" if commission else received.case_number),
        (_("Reference of the record"), record.reference),
    ]
    return [(name, value) for name, value in lines if value]
