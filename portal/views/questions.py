"""Asking about a record: one press, and what becomes of it, on the record's own page."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import session_vault
from crossings import ask as crossing
from crossings import own_card
from exchange import questions
from exchange.question_models import Question
from exchange.questions import Asked
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


def of_record(request: HttpRequest, reference: uuid.UUID) -> list[Asked]:
    """The citizen's questions about this record, the newest first."""
    return questions.of_record(portal_code=request.user.portal_code, reference=reference, at=timezone.now())


def is_protected(request: HttpRequest) -> bool:
    """Whether support measures protect the citizen's address: then her own words do not go to the agency."""
    card = session_vault.read(request, "card") or ""
    return own_card.is_protected(card_id=card, user=request.user, at=timezone.now())


@require_POST
@citizen_required
def ask(request: HttpRequest, reference: uuid.UUID) -> HttpResponse:
    """Ask. What is wrong with the form is said on the record's page, with what was written still in it."""
    from portal.views import records  # the page of the record shows this form

    form = QuestionForm(request.POST)
    if form.is_valid():
        try:
            crossing.ask(
                user=request.user,
                reference=reference,
                ground=form.cleaned_data["ground"],
                text=form.cleaned_data["text"],
                is_protected=is_protected(request),
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
        return records.page(request, reference, form=form)
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
