"""Forms of the network's administration: rows of the permission table, and what an agency is trusted with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from exchange import statute
from exchange.statute import Rule, Term

_DATE = {"type": "date"}
_ITEM = "item_"


class ReasonedForm(forms.Form):
    """Every change says why: it lies sealed beside its record."""

    reason = forms.CharField(
        label=_("Reason"), help_text=_("For the supervisor. No number, no name of a person."), max_length=300
    )


class BasisForm(forms.Form):
    """What a new row is about: a statutory one a data set, an ordinance's the row that it follows."""

    of = forms.ChoiceField()

    def __init__(self, *args: Any, label: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["of"].label = label
        self.fields["of"].choices = [("", _("Choose one")), *choices]


class RowForm(ReasonedForm):
    """A row for inquiries. The items are those of its data set, for an ordinance those of the row that it follows."""

    row = forms.CharField(label=_("Name of the row"), help_text=_("Letters and digits, 16 at most."), max_length=16)
    requester_kind = forms.ChoiceField(label=_("Who asks"), choices=[("", _("Choose one")), *Agency.Kind.choices])
    provider_kind = forms.ChoiceField(label=_("Who answers"), choices=[("", _("Choose one")), *Agency.Kind.choices])
    affair = forms.CharField(label=_("Code of the affair"), max_length=16)
    affair_ja = forms.CharField(label=_("Name of the affair in Japanese"), max_length=200)
    affair_en = forms.CharField(label=_("Name of the affair in English"), max_length=200)
    procedure = forms.CharField(label=_("Code of the procedure"), max_length=16)
    article_ja = forms.CharField(label=_("Article in Japanese"), max_length=200)
    article_en = forms.CharField(label=_("Article in English"), max_length=200)
    valid_from = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs=_DATE))
    valid_to = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs=_DATE))

    def __init__(self, *args: Any, items: Sequence[Term], follows: Rule | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in items:
            self.fields[f"{_ITEM}{item.code}"] = forms.BooleanField(label=item.name, required=False)
        if follows:
            del self.fields["requester_kind"], self.fields["provider_kind"]
        self.order_fields([name for name in self.fields if name != "reason"])

    def line(self, **facts: str) -> dict[str, str]:
        """The answers as statute.csv would write them, with what the page knows by itself."""
        given = self.cleaned_data
        items = [name.removeprefix(_ITEM) for name in given if name.startswith(_ITEM) and given[name]]
        plain = {name: str(value or "") for name, value in given.items() if not name.startswith(_ITEM)}
        plain.pop("reason")
        return {**plain, "items": " ".join(items), **facts}


class CloseRowForm(ReasonedForm):
    valid_to = forms.DateField(
        label=_("Last day"), help_text=_("Today at the earliest."), widget=forms.DateInput(attrs=_DATE)
    )
    field_order = ("valid_to", "reason")


class AssessmentForm(ReasonedForm):
    until = forms.DateField(
        label=_("Last day of the assessment"), help_text=_("Empty: it has none."), required=False,
        widget=forms.DateInput(attrs=_DATE),
    )  # fmt: skip
    field_order = ("until", "reason")


def data_sets() -> list[tuple[str, str]]:
    """Data sets that have items, for a choice."""
    with_items = {item.data_set for item in statute.items().values()}
    return [(code, term.name) for code, term in statute.data_sets().items() if code in with_items]
