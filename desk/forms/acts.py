"""Forms of the register's acts. They parse what the papers say; whether it can be noted the register decides."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.forms.find import BirthDateField
from residents.days import day_of
from residents.details import Address, PersonDetails
from residents.models import Entry, Household, LocalPerson, NationalityClass, Relation, Sex, Status
from residents.municipalities import municipality


def _today() -> date:
    return day_of(timezone.now())


class ActForm(forms.Form):
    """Base: knows the clerk's municipality, and can show its answers again before they are noted."""

    def __init__(self, *args: Any, municipality_code: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.municipality_code = municipality_code

    def answers(self) -> list[tuple[str, Any]]:
        """What was answered, in words, for the page that asks to check it."""
        lines = []
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            if value not in (None, ""):
                choices = dict(getattr(field, "choices", []))
                lines.append((field.label, choices.get(value, value)))
        return lines


class DayForm(ActForm):
    on = forms.DateField(
        label=_("Day on which it happened"), initial=_today, widget=forms.DateInput(attrs={"type": "date"})
    )


class AddressForm(ActForm):
    """An address in the clerk's own municipality."""

    postal_code = forms.CharField(
        label=_("Postal code"),
        help_text=_("Seven digits."),
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    town = forms.CharField(label=_("Town"), max_length=100)
    street = forms.CharField(label=_("House number"), max_length=100)
    building = forms.CharField(label=_("Building and room"), max_length=100, required=False)

    def clean_postal_code(self) -> str:
        digits = re.sub(r"\D", "", self.cleaned_data["postal_code"])
        if len(digits) != 7:
            raise forms.ValidationError(_("A postal code has seven digits."))
        return digits

    def answers(self) -> list[tuple[str, Any]]:
        label, written = self.fields["postal_code"].label, self.cleaned_data["postal_code"]
        return [(name, f"〒{value[:3]}-{value[3:]}" if name == label and value == written else value)
                for name, value in super().answers()]  # fmt: skip

    def new_address(self) -> Address:
        known = municipality(self.municipality_code)
        parts = {name: self.cleaned_data[name] for name in ("postal_code", "town", "street", "building")}
        return Address(**known._asdict(), **parts)


class HouseholdForm(ActForm):
    """A household of the municipality that the person joins, named by one of its members; none founds a new one."""

    member = forms.CharField(
        label=_("Joins the household of"),
        help_text=_("The municipality's own id (15 digits) of a member. Empty: a new household."),
        max_length=15,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    relation = forms.ChoiceField(
        label=_("Relation to the head of household"), choices=Relation.choices, initial=Relation.HEAD
    )
    _member_entry: Entry | None = None

    def clean_member(self) -> str:
        local_id = str(self.cleaned_data["member"]).strip()
        if local_id:
            known = LocalPerson.objects.filter(local_government_code=self.municipality_code, local_id=local_id)
            self._member_entry = (
                Entry.objects.current()
                .filter(resident__in=known.values("resident"), local_government_code=self.municipality_code)
                .filter(status=Status.RESIDENT)
                .select_related("household")
                .first()
            )
            if self._member_entry is None:
                raise forms.ValidationError(_("Nobody who lives in this municipality has this id."))
        return local_id

    def household(self) -> Household | None:
        return self._member_entry.household if self._member_entry else None


class NamesForm(ActForm):
    family_name = forms.CharField(label=_("Family name"), max_length=50, required=False)
    given_name = forms.CharField(label=_("Given name"), max_length=50, required=False)
    family_kana = forms.CharField(label=_("Family name in katakana"), max_length=50, required=False)
    given_kana = forms.CharField(label=_("Given name in katakana"), max_length=50, required=False)
    latin_name = forms.CharField(
        label=_("Name in Latin letters"),
        help_text=_("As in the passport or residence card."),
        max_length=100,
        required=False,
    )
    former_name = forms.CharField(
        label=_("Former family name"),
        help_text=_("Only where the person wants it noted."),
        max_length=50,
        required=False,
    )

    def names(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in NamesForm.base_fields}


class PersonForm(NamesForm):
    birth_date = BirthDateField()
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices)
    nationality_class = forms.ChoiceField(
        label=_("Nationality class"), choices=NationalityClass.choices, initial=NationalityClass.JAPANESE
    )
    stay_until = forms.DateField(
        label=_("Period of stay until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def details(self) -> PersonDetails:
        rest = {name: self.cleaned_data[name] for name in ("birth_date", "sex", "nationality_class", "stay_until")}
        return PersonDetails(**self.names(), **rest)


class ArrivalForm(HouseholdForm, AddressForm, DayForm):
    """Moving in, or coming back from abroad."""

    field_order = ("on", "postal_code", "town", "street", "building", "member", "relation")


class MoveWithinForm(AddressForm, DayForm):
    field_order = ("on", "postal_code", "town", "street", "building")


class ChangeNameForm(NamesForm, DayForm):
    field_order = ("on", *NamesForm.base_fields)


class CorrectionForm(PersonForm, AddressForm):
    """Everything that can be wrong; it opens with what the record says."""

    relation = forms.ChoiceField(label=_("Relation to the head of household"), choices=Relation.choices)
    field_order = (*PersonForm.base_fields, "postal_code", "town", "street", "building", "relation")


class BirthForm(ActForm):
    """A child, into the household of a parent; the address is the parent's."""

    parent = forms.CharField(
        label=_("The municipality's own id of the mother or father"),
        help_text=_("15 digits."),
        max_length=15,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    family_name = forms.CharField(label=_("Family name"), max_length=50)
    given_name = forms.CharField(label=_("Given name"), max_length=50)
    family_kana = forms.CharField(label=_("Family name in katakana"), max_length=50)
    given_kana = forms.CharField(label=_("Given name in katakana"), max_length=50)
    born_on = forms.DateField(label=_("Day of birth"), initial=_today, widget=forms.DateInput(attrs={"type": "date"}))
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices)
    _parent_entry: Entry

    def clean_parent(self) -> str:
        local_id = str(self.cleaned_data["parent"]).strip()
        known = LocalPerson.objects.filter(local_government_code=self.municipality_code, local_id=local_id)
        entry = (
            Entry.objects.current()
            .filter(resident__in=known.values("resident"), local_government_code=self.municipality_code)
            .filter(status=Status.RESIDENT)
            .select_related("household")
            .first()
        )
        if entry is None:
            raise forms.ValidationError(_("Nobody who lives in this municipality has this id."))
        self._parent_entry = entry
        return local_id

    def details(self) -> PersonDetails:
        names = {name: self.cleaned_data[name] for name in ("family_name", "given_name", "family_kana", "given_kana")}
        return PersonDetails(**names, birth_date=self.cleaned_data["born_on"].isoformat(), sex=self.cleaned_data["sex"])

    def home(self) -> tuple[Household, Address]:
        entry = self._parent_entry
        parts = ("local_government_code", "postal_code", "prefecture", "municipality", "town", "street", "building")
        return entry.household, Address(**{name: getattr(entry, name) for name in parts})


class FromAbroadForm(HouseholdForm, AddressForm, PersonForm, DayForm):
    """Someone who never was on a register in Japan."""

    field_order = (
        "on", *PersonForm.base_fields, "postal_code", "town", "street", "building", "member", "relation",
    )  # fmt: skip
