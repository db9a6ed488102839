"""One record on its own page: what it says, and the citizen's questions about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import session_vault
from crossings import ask as crossing
from crossings import own_card
from exchange import questions, records
from exchange.models import Kind
from exchange.question_models import Question
from portal import sentences
from portal.access import citizen_required


class QuestionForm(forms.Form):
    ground = forms.ChoiceField(
        label=gettext_lazy("Why do you ask?"),
        choices=Question.Ground.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose why you ask.")},
    )
    text = forms.CharField(
        label=gettext_lazy("In your own words"),
        max_length=questions.LONGEST_QUESTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": gettext_lazy("At most 1,000 characters.")},
    )


@require_GET
@citizen_required
def record(request: HttpRequest, reference: uuid.UUID) -> HttpResponse:
    """One record, fetched through its owner: a stranger's reference is as unknown as an invented one."""
    return _page(request, reference)


@require_POST
@citizen_required
def ask(request: HttpRequest, reference: uuid.UUID) -> HttpResponse:
    """Ask. What is wrong with the form is said on the record's page, with what was written still in it."""
    form = QuestionForm(request.POST)
    if form.is_valid():
        try:
            crossing.ask(
                user=request.user,
                reference=reference,
                ground=form.cleaned_data["ground"],
                text=form.cleaned_data["text"],
                is_protected=_is_protected(request),
                at=timezone.now(),
            )
        except (questions.NoSuchQuestion, questions.NotAskable):
            raise Http404 from None
        except questions.AlreadyAsked:
            messages.info(request, _("You have asked already. The question is open."))
        except questions.TooManyToday:
            messages.warning(request, _("You have asked as often as one can in a day. Please go on tomorrow."))
        except questions.NumberInText:
            form.add_error("text", _("There is something like an Individual Number in it. Please leave it out."))
        except questions.TextRefused:
            form.add_error("text", _("Please write at most 1,000 characters."))
        else:
            messages.success(request, _("Your question has been sent."))
    if form.errors:
        return _page(request, reference, form=form)
    return redirect("portal:record", reference)


@require_POST
@citizen_required
def pass_on(request: HttpRequest, reference: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """Pass the question to the commission."""
    return _move(request, reference, question_id, questions.pass_on, _("The commission has your question now."))


@require_POST
@citizen_required
def close(request: HttpRequest, reference: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """The answer satisfies."""
    return _move(request, reference, question_id, questions.close, _("The question is closed."))


def _move(
    request: HttpRequest, reference: uuid.UUID, question_id: uuid.UUID, act: Callable[..., None], done: str
) -> HttpResponse:
    try:
        act(portal_code=request.user.portal_code, question_id=question_id, at=timezone.now())
    except questions.NoSuchQuestion:
        raise Http404 from None
    except questions.NotInThisState:
        messages.info(request, _("The question has changed in the meantime. See below how it stands."))
    else:
        messages.success(request, done)
    return redirect("portal:record", reference)


def _page(request: HttpRequest, reference: uuid.UUID, form: QuestionForm | None = None) -> HttpResponse:
    """The record with her questions about it, the newest first, and the form for one where none is open."""
    code, now = request.user.portal_code, timezone.now()
    found = records.one(portal_code=code, reference=reference, at=now)
    if found is None:
        raise Http404
    is_own = found.kind == Kind.SELF
    asked = [] if is_own else questions.of_record(portal_code=code, reference=reference, at=now)
    may_ask = not is_own and not any(one.question.state != Question.State.CLOSED for one in asked)
    context = {
        "record": found,
        "line": sentences.line_of(found),
        "purpose": sentences.purpose_of(found),
        "asked": asked,
        "form": (form or QuestionForm()) if may_ask else None,
        "answer_days": settings.QUESTION_ANSWER_DAYS,
        "is_protected": may_ask and _is_protected(request),
    }
    return render(request, "portal/records/detail.html", context, status=422 if may_ask and form else 200)


def _is_protected(request: HttpRequest) -> bool:
    """Whether support measures protect the citizen's address: then her own words do not go to the agency."""
    card = session_vault.read(request, "card") or ""
    return own_card.is_protected(card_id=card, user=request.user, at=timezone.now())
