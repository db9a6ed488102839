"""Stopping a data set, and letting it go on: a reason from the list, and a box to tick."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from desk.forms.second_steps import ConfirmForm
from holdings.models import Stop


class StopForm(ConfirmForm):
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose one")), *Stop.Reason.choices])
    field_order = ("reason", "sure")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label=_("Stop all answers from this data set of our agency."), **kwargs)


class ResumeForm(ConfirmForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label=_("The copies were checked, and what was wrong is corrected."), **kwargs)
