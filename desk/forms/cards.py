"""Forms of the card counter. What the holder types goes to the chip and nowhere else."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cards import photo
from cards.application_models import Application, HandOver
from desk.forms.second_steps import CardForm, ConfirmForm

_CHOOSE = ("", _("Choose one"))


class ApplicationForm(forms.Form):
    application_id = forms.RegexField(
        r"^[0-9]{23}$",
        label=_("Id of the form"),
        help_text=_("23 digits, as printed on the form."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    channel = forms.ChoiceField(label=_("How it came in"), choices=[_CHOOSE, *Application.Channel.choices])
    photo = forms.FileField(
        label=_("Photo"),
        help_text=_("JPEG, 45 high to 35 wide, plain background. Not needed under one year."),
        required=False,
    )
    express = forms.ChoiceField(label=_("Express issue"), choices=Application.Express.choices, required=False)
    without_pins = forms.BooleanField(
        label=_("A card without PINs, for terminals that compare the face"), required=False
    )

    def photo_bytes(self) -> bytes | None:
        uploaded = self.cleaned_data["photo"]
        return uploaded.read(photo.MOST_BYTES + 1) if uploaded else None


class ExaminationForm(ConfirmForm):
    refusal = forms.ChoiceField(label=_("Send it back, because"), choices=Application.Refusal.choices, required=False)
    field_order = ("refusal", "sure")


class IdentityForm(ConfirmForm):
    collector = forms.ChoiceField(label=_("Who came"), choices=[_CHOOSE, *HandOver.Collector.choices])
    proof = forms.ChoiceField(label=_("What shows who the holder is"), choices=[_CHOOSE, *HandOver.Proof.choices])
    is_ward = forms.BooleanField(label=_("The holder is an adult ward"), required=False)
    collector_proof = forms.ChoiceField(
        label=_("What shows who the representative or proxy is"), choices=[_CHOOSE, *HandOver.Proof.choices],
        required=False,
    )  # fmt: skip
    hindrance = forms.ChoiceField(
        label=_("Why the holder cannot come"), choices=HandOver.Hindrance.choices, required=False
    )
    field_order = ("collector", "proof", "is_ward", "collector_proof", "hindrance", "sure")


class HandOverForm(CardForm):
    """As at an issue; a card without PINs gets none, a child no password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False


class NewPinsForm(HandOverForm):
    """Empty ones stay as they are."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and not (cleaned.get("pin") or cleaned.get("signature_password")):
            self.add_error(None, _("Nothing was typed."))
        return cleaned
