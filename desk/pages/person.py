"""The record of one person, and what it said on another day."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Card
from desk.pages.acts import acts_open_to, birth_date
from desk.pages.card_acts import card_acts_open_to
from desk.pages.page import address, described, of_a_person, show
from desk.permissions import Act, may
from numbering.models import NumberChange
from numbering.notice import masked
from residents.days import day_of
from residents.models import Entry, Protection, Resident


class DayForm(forms.Form):
    on = forms.DateField(
        label=gettext_lazy("Day"),
        help_text=gettext_lazy("For example 2026-04-01."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )


@of_a_person(Act.OPEN_PERSON)
def record(request: HttpRequest, resident: Resident) -> HttpResponse:
    """What the register says now, with every act that this clerk may do."""
    now = timezone.now()
    entry = resident.current
    protection = Protection.objects.of(resident).in_force(now).first()
    card = Card.objects.of(resident).live().first()
    return show(
        request,
        "desk/person.html",
        title=_("Record of a resident"),
        facts=facts_of(entry),
        entry=entry,
        local_id=resident.local_id_at(request.user.agency),
        household=Entry.objects.current().filter(household=entry.household_id).count(),
        protection=protection,
        number=masked(resident),
        number_change=NumberChange.objects.filter(resident=resident, approved_at__isnull=True).first(),
        card=card or Card.objects.of(resident).order_by("-issued_on").first(),
        card_live=card is not None,
        card_pending=Card.objects.of(resident).pending().first(),
        card_acts=[
            {"name": act.title, "href": address("card_act", resident.pk, slug=act.slug)}
            for act in card_acts_open_to(request.user, resident)
        ],
        acts=[{"name": act.title, "href": address("act", resident.pk, slug=act.slug)} for act in acts_open_to(entry)]
        if may(request.user, Act.REGISTER)
        else [],
        links={name: address(name, resident.pk) for name in _LINKS},
        here="search",
    )


_LINKS = (
    "as_of", "protect", "ask_to_lift", "approve_lifting", "unmask", "number_notice", "ask_for_number",
    "approve_number", "issue_card", "stop_card",
)  # fmt: skip


@of_a_person(Act.OPEN_PERSON)
def as_of(request: HttpRequest, resident: Resident) -> HttpResponse:
    """What the record said on a day: legal days are days in Japan."""
    form = DayForm(request.GET or None, initial={"on": day_of(timezone.now())})
    entry = None
    if form.is_valid():
        entry = Entry.objects.filter(resident=resident).as_of(form.cleaned_data["on"]).first()
    versions = Entry.objects.filter(resident=resident).order_by("-version")
    return show(
        request,
        "desk/as_of.html",
        title=_("What the record said on a day"),
        form=form,
        fields=described(form),
        asked=form.is_valid(),
        facts=facts_of(entry) if entry else [],
        versions=versions,
        back=address("change", resident.pk),
        here="search",
    )


def facts_of(entry: Entry) -> list[tuple[Any, Any]]:
    """The entry as lines: what it is called, what it says. Empty ones are left out."""
    lines = [
        (_("Name"), entry.full_name),
        (_("Reading"), entry.full_kana),
        (_("Name in Latin letters"), entry.latin_name),
        (_("Former family name"), entry.former_name),
        (_("Date of birth"), birth_date(entry)),
        (_("Sex"), entry.get_sex_display()),
        (_("Address"), entry.full_address),
        (_("Postal code"), f"〒{entry.postal_code[:3]}-{entry.postal_code[3:]}" if entry.postal_code else ""),
        (_("Relation to the head of household"), entry.get_relation_display()),
        (_("Nationality class"), entry.get_nationality_class_display()),
        (_("Period of stay until"), entry.stay_until),
        (_("State"), entry.get_status_display()),
        (_("Last change"), entry.get_event_display()),
        (_("Valid from"), entry.effective_on),
    ]
    return [(name, value) for name, value in lines if value]
