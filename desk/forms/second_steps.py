"""Short forms: a reason, a decision, a protection, a card."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from numbering.models import ChangeReason


class ReasonForm(forms.Form):
    """Why the whole number must be seen. It goes into two records, one of which the person reads."""

    reason = forms.CharField(
        label=_("Reason"), help_text=_("The person will read this. No number, no name."), max_length=150
    )


class ChangeNumberForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Ground for a new number"), choices=[("", _("Choose one")), *ChangeReason.choices]
    )


class ConfirmForm(forms.Form):
    """One box to tick: nothing is done by a single stray click."""

    sure = forms.BooleanField(label=_("I have checked this with the papers."))

    def __init__(self, *args: Any, label: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if label:
            self.fields["sure"].label = label


class ProtectForm(ConfirmForm):
    until_on = forms.DateField(
        label=_("Last day"),
        help_text=_("At most one year. Empty: a year from today."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    field_order = ("until_on", "sure")


class CardForm(forms.Form):
    """The holder types these at the counter. They go to the chip and nowhere else."""

    pin = forms.RegexField(
        r"^[0-9]{4}$",
        label=_("PIN of four digits"),
        help_text=_("Typed by the holder."),
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "new-password"}),
    )
    pin_again = forms.CharField(
        label=_("The PIN once more"),
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "new-password"}),
    )
    signature_password = forms.RegexField(
        r"^[A-Z0-9]{6,16}$",
        label=_("Password for signatures"),
        help_text=_("6 to 16 capital letters and digits. Not used for holders under 15."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    signature_password_again = forms.CharField(
        label=_("The password once more"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("pin", "signature_password"):
            if name in cleaned and cleaned[name] != cleaned.get(f"{name}_again"):
                self.add_error(f"{name}_again", _("The two do not agree."))
        return cleaned


class StopCardForm(ConfirmForm):
    how = forms.ChoiceField(
        label=_("What happened"),
        choices=[("", _("Choose one")), ("suspend", _("The holder wants it stopped for a time")),
                 ("lost", _("The card is lost or stolen")), ("lift", _("The card was found: lift the stop"))],
    )  # fmt: skip
    field_order = ("how", "sure")
