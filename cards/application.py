"""Applying for a card: the form, what is handed in, the examination (Number Act, article 16-2).

The form's id has 23 digits and is bound to the entry that it was printed from. Whoever has moved or changed the name
since needs a new form: otherwise the card would be made with the old ones.
"""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards import photo as photos
from cards import validity
from cards.application_models import Application, ApplicationForm
from cards.issuance import NotEntitled, draft
from cards.lifecycle import NotPossible, move
from cards.models import Card, CardEvent
from codes.rist1 import Code
from databases import REGISTRY
from residents.models import Entry, Resident, Status

DIGITS = 23
NO_PHOTO_UNDER = 1


class ApplicationRefused(Exception):
    """The application cannot be taken as it is; nothing was kept."""

    message: Promise | str = _("The application cannot be taken.")

    def __str__(self) -> str:
        return str(self.message)


class UnknownForm(ApplicationRefused):
    message = _("There is no form with this id.")


class FormUsed(ApplicationRefused):
    message = _("This form has been used already.")


class FormOutdated(ApplicationRefused):
    message = _("The name or address has changed since the form was printed. A new form is needed.")


class OnItsWay(ApplicationRefused):
    message = _("A card for this person is on its way already.")


class NotExpress(ApplicationRefused):
    message = _("Express issue is for applications at the counter, for the grounds that are listed.")


class SameClerk(ApplicationRefused):
    message = _("A second clerk must examine what was handed in at the counter.")


def print_form(*, resident: Resident, at: dt.datetime) -> ApplicationForm:
    """A form with an id of its own, for what the record says today. Raises NotEntitled."""
    entry = resident.current
    if entry.status != Status.RESIDENT:
        raise NotEntitled
    return ApplicationForm.objects.create(
        application_id=f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", entry=entry, printed_at=at
    )


def apply(
    *,
    application_id: str,
    channel: str,
    photo: bytes | None,
    portal_code: Code,
    staff_code: Code | None = None,
    express: str = Application.Express.NO,
    without_pins: bool = False,
    at: dt.datetime,
    by: str = "",
) -> Card:
    """Hand in a form. Children under one year need no photo. Raises ApplicationRefused, PhotoRefused, NotEntitled."""
    form = ApplicationForm.objects.select_related("entry__resident").filter(application_id=application_id).first()
    if form is None:
        raise UnknownForm
    entry = form.entry.resident.current
    if not _says_the_same(form.entry, entry):
        raise FormOutdated
    if express and channel != Application.Channel.COUNTER:
        raise NotExpress
    if photo is not None:
        photos.check(photo)
    elif validity.age_on(validity.born_on(entry.birth_date), validity.day_in_japan(at)) >= NO_PHOTO_UNDER:
        raise photos.PhotoRefused
    card = draft(entry=entry, state=Card.State.APPLIED, portal_code=portal_code, staff_code=staff_code, at=at)
    card.without_pins = without_pins
    try:
        with transaction.atomic(using=REGISTRY, durable=True):
            if Application.objects.filter(form=form).exists():
                raise FormUsed
            card.save(force_insert=True)
            handed_in = Application(
                card=card,
                form=form,
                channel=Application.Channel(channel),
                express=Application.Express(express),
                without_pins=without_pins,
                applied_at=at,
                taken_by=by,
            )
            handed_in.seal_photo(photo)
            handed_in.save(force_insert=True)
            CardEvent.objects.create(card=card, state=card.state, at=at, by=by)
    except IntegrityError:
        raise OnItsWay from None
    return card


def examine(*, card: Card, refusal: str = Application.Refusal.NONE, by: str, at: dt.datetime) -> Card:
    """A clerk other than the one who took it looks at photo and form: into production, or sent back.

    Raises SameClerk, FormOutdated, NotPossible.
    """
    with transaction.atomic(using=REGISTRY, durable=True):
        application = Application.objects.select_for_update().select_related("form__entry").filter(card=card).first()
        if application is None:
            raise NotPossible
        if application.taken_by == by:
            raise SameClerk
        if not refusal and not _says_the_same(application.form.entry, card.resident.current):
            raise FormOutdated
        into = Card.State.REJECTED if refusal else Card.State.IN_PRODUCTION
        move(card, allowed=[Card.State.APPLIED], into=into, at=at, by=by)
        application.refusal = Application.Refusal(refusal)
        application.examined_at, application.examined_by = at, by
        if refusal:
            application.photo_sealed = None
        application.save(update_fields=["refusal", "examined_at", "examined_by", "photo_sealed"])
    return card


def withdraw(*, card: Card, by: str = "", at: dt.datetime) -> Card:
    """The applicant does not want the card after all, up to the counter. Raises NotPossible."""
    with transaction.atomic(using=REGISTRY, durable=True):
        Application.objects.filter(card=card).update(photo_sealed=None)
        return move(card, allowed=list(Card.PENDING), into=Card.State.CANCELLED, at=at, by=by)


def _says_the_same(printed: Entry, now: Entry) -> bool:
    return (printed.full_name, printed.full_address, now.status) == (now.full_name, now.full_address, Status.RESIDENT)


__all__ = ["ApplicationRefused", "NotPossible", "apply", "examine", "print_form", "withdraw"]
