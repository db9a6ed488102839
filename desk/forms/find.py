"""Forms for finding a person and for saying why one opens the person's record."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crossings.look import Criteria
from crossings.purposes import Purpose

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


class BirthDateField(forms.CharField):
    """A date of birth as the register has it: a year, a year and month, or a full date."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Date of birth"))
        kwargs.setdefault("help_text", _("For example 1990-04-15."))
        super().__init__(max_length=10, widget=forms.TextInput(attrs={"inputmode": "numeric"}), **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        match = _PARTIAL_DATE.fullmatch(re.sub(r"[/.年月]", "-", text.replace("日", "")).rstrip("-"))
        if match is None and re.fullmatch(r"\d{8}", text):
            match = _PARTIAL_DATE.fullmatch(f"{text[:4]}-{text[4:6]}-{text[6:]}")
        if match is None:
            raise forms.ValidationError(_("Write the date as year-month-day, for example 1990-04-15."))
        return "-".join([match[1]] + [part.zfill(2) for part in match.groups()[1:] if part])


class SearchForm(forms.Form):
    """Two things or more that the clerk knows about the person. Sent by POST: no name ever stands in an address."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("Kanji, kana or Latin letters; a family name alone is enough."),
        required=False,
        max_length=100,
    )
    birth_date = BirthDateField(required=False)
    address = forms.CharField(
        label=_("Address or a part of it"),
        help_text=_("For example a town and house number."),
        required=False,
        max_length=100,
    )
    local_id = forms.CharField(
        label=_("The municipality's own id of the person"),
        help_text=_("15 digits."),
        required=False,
        max_length=15,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def criteria(self) -> Criteria:
        return Criteria(**self.cleaned_data)


class ArrivalForm(forms.Form):
    """Whom the moving-out certificate names."""

    name = forms.CharField(label=_("Full name"), help_text=_("As on the moving-out certificate."), max_length=100)
    birth_date = BirthDateField()

    def criteria(self) -> Criteria:
        return Criteria(**self.cleaned_data)


class PurposeForm(forms.Form):
    """Why the clerk opens the record. A purpose from the list, and the case that it belongs to."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=[("", _("Choose one")), *Purpose.of_municipalities()])
    case_number = forms.CharField(
        label=_("Case number"),
        help_text=_("The number of the application or file. No name and no date of birth."),
        max_length=40,
        required=False,
    )
    words = forms.CharField(
        label=_("In your own words"),
        help_text=_("Needed for “another purpose”. The person will read this."),
        max_length=200,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("purpose") == Purpose.OTHER and not cleaned.get("words"):
            self.add_error("words", _("Say for what you need to see the record."))
        elif not cleaned.get("case_number") and not cleaned.get("words"):
            self.add_error("case_number", _("Give the case number, or say in your own words what it is about."))
        return cleaned
