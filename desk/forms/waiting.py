"""The form that decides an inquiry which waits for the agency."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

ANSWER, DECLINE = "ANSWER", "DECLINE"


class DecideForm(forms.Form):
    """Answer with what the copy says, or do not answer."""

    decision = forms.ChoiceField(
        label=_("Your decision"),
        choices=[
            ("", _("Choose one")),
            (ANSWER, _("Answer with what is shown here")),
            (DECLINE, _("Do not answer")),
        ],
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The person may read it with the record; who asks is not told. No number, no name."),
        max_length=150,
    )
