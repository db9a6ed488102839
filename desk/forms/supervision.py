"""Forms of the commission, and of an agency that answers a question."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from desk.words import OUTCOMES
from exchange import questions, statute, supervision

_ANY = ("", _("All"))


class RefusalsForm(forms.Form):
    """Which refusals. Sent in the address: nothing in it is about a person."""

    agency = forms.ChoiceField(label=_("Agency"), required=False)
    affair = forms.ChoiceField(label=_("Affair"), required=False)
    outcome = forms.ChoiceField(
        label=_("Reason"),
        choices=[_ANY, *OUTCOMES.items(), (supervision.OTHER, _("another reason"))],
        required=False,
    )
    since = forms.DateField(label=_("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agencies = Agency.objects.order_by("local_code")
        self.fields["agency"].choices = [_ANY, *((agency.local_code, agency.name) for agency in agencies)]
        self.fields["affair"].choices = [_ANY, *((term.code, term.name) for term in statute.affairs().values())]


class BehindForm(forms.Form):
    """Why the commission looks behind a record."""

    reason = forms.CharField(
        label=_("Reason"), help_text=_("The person will read this. No number, no name."), max_length=150
    )
    case_number = forms.CharField(label=_("Case number"), help_text=_("The commission's own."), max_length=40)


class AnswerForm(forms.Form):
    """The answer to a citizen's question. She reads it as it is written."""

    text = forms.CharField(
        label=_("Answer"),
        help_text=_("The person reads this as it is written. No number, and nothing about anybody else."),
        max_length=questions.LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
