"""Issuing a card: the application's row and the blank chip first, then keys, certificates and number on the chip.

Number Act, article 16-2; JPKI Act, articles 3 and 22. The chip makes its keys and keeps them; the authorities see the
public halves only. The number is written by numbering, which alone can open it; this room never holds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cards import authorities, certification, lifecycle, validity
from cards.application_models import Application
from cards.certification import PURPOSES, Made
from cards.chip import personalisation
from cards.chip.memory import CardFile
from cards.models import Card, CardEvent, Certificate
from codes.rist1 import Code
from databases import REGISTRY
from numbering import chips
from residents.models import Entry, Resident, Status


class NotEntitled(Exception):
    """Cards are for people on the register."""

    def __str__(self) -> str:
        return str(_("A card can only be issued to a person who is on the resident register."))


def chip_file(card: Card) -> CardFile:
    """Where this card's chip lies when it is in the reader of this machine."""
    return CardFile(Path(settings.CARDS_DIR) / f"{card.chip_slug}.card")


def issue(
    *,
    resident: Resident,
    pin: str,
    signature_password: str,
    slug: str | None = None,
    at: dt.datetime,
    portal_code: Code,
    staff_code: Code | None = None,
    by: str = "",
) -> Card:
    """The card's row, and its chip with surface and PINs, but without keys: they are made by `personalise`.

    Raises NotEntitled, personalisation.BadPin, and IntegrityError where a card is on its way already. Holders under 15
    get no signature function (JPKI Act operation rules).
    """
    entry = resident.current
    card = draft(
        entry=entry, state=Card.State.IN_PRODUCTION, portal_code=portal_code, staff_code=staff_code, at=at, slug=slug
    )
    born, issued_on = validity.born_on(entry.birth_date), card.issued_on
    may_sign = validity.age_on(born, issued_on) >= validity.SIGNATURE_AGE
    memory = personalisation.manufacture(
        surface=surface_of(entry, card), pin=pin, signature_password=signature_password if may_sign else None
    )
    with transaction.atomic(using=REGISTRY, durable=True):
        card.save(force_insert=True)
        CardEvent.objects.create(card=card, state=card.state, at=at, by=by)
        chip_file(card).create(memory)
    return card


def draft(
    *,
    entry: Entry,
    state: str,
    portal_code: Code,
    staff_code: Code | None,
    at: dt.datetime,
    slug: str | None = None,
) -> Card:
    """A card that is not saved yet, with its dates by the rules of today. Raises NotEntitled."""
    if entry.status != Status.RESIDENT:
        raise NotEntitled
    issued_on, born = validity.day_in_japan(at), validity.born_on(entry.birth_date)
    if entry.stay_until is not None and entry.stay_until < issued_on:
        raise NotEntitled
    card = Card(
        resident=entry.resident,
        state=state,
        issued_on=issued_on,
        expires_on=validity.card_expires_on(born=born, issued_on=issued_on, stay_until=entry.stay_until),
    )
    card.chip_slug = slug or str(card.pk)
    card.seal_codes(portal_code=portal_code, staff_code=staff_code)
    return card


def personalise(*, card: Card, at: dt.datetime, by: str = "") -> Card:
    """The chip makes its keys, the authorities sign, the number is written, and the card is in use.

    Safe to repeat: after a crash in the middle the next call completes the chip from the rows. An older card of the
    same person is replaced in the same moment. Raises memory.CardRemoved.
    """
    store = chip_file(card)
    with transaction.atomic(using=REGISTRY, durable=True):
        card = Card.objects.select_for_update().get(pk=card.pk)
        if card.state == Card.State.IN_PRODUCTION and not Application.objects.filter(card=card).exists():
            activate(card=card, at=at, by=by)
    if card.state == Card.State.ACTIVE:
        complete_chip(card=card, store=store)
    return card


def activate(*, card: Card, at: dt.datetime, by: str) -> None:
    """Keys, certificates, and in use; the card before it is replaced. Call inside the act that hands it over."""
    certification.put_into_use([_made(card, anew=False)], at=at, by=by)


def personalise_all(*, cards: Iterable[Card], at: dt.datetime, by: str = "", batch: int = 50) -> Iterator[Card]:
    """`personalise` for many cards, as for a whole municipality: chips first, then a batch in one transaction.

    Yields each card when it is finished. Cards that are not waiting for this, and those whose chip is not here, are
    left as they are; killed in the middle, it is started again.
    """
    each = iter(cards)
    while some := list(islice(each, batch)):
        # The slow part, without a lock on any row: chips of cards that nobody has yet.
        made = [_made(card, anew=False) for card in _waiting(some) if chip_file(card).is_there()]
        with transaction.atomic(using=REGISTRY, durable=True):
            still = {card.pk for card in _waiting([one.card for one in made]).select_for_update(of=("self",))}
            made = [one for one in made if one.card.pk in still]
            certification.put_into_use(made, at=at, by=by)
        for one in made:
            complete_chip(card=one.card, store=chip_file(one.card))
            yield one.card


def waiting_for_keys() -> QuerySet[Card]:
    """Cards made the short way whose chips have no certificates yet."""
    return Card.objects.filter(state=Card.State.IN_PRODUCTION, application__isnull=True)


def _waiting(cards: Sequence[Card]) -> QuerySet[Card]:
    return waiting_for_keys().filter(pk__in=[card.pk for card in cards]).order_by("pk")


def _made(card: Card, purposes: Sequence[str] = tuple(PURPOSES.values()), *, anew: bool) -> Made:
    """The chip makes its keys; the public halves come out."""
    names = [name for name, purpose in PURPOSES.items() if purpose in purposes]
    keys = personalisation.make_keys(chip_file(card), names=names, anew=anew)
    return Made(card, card.resident.current, {PURPOSES[name]: public for name, public in keys.items()})


def renew_certificates(
    *, card: Card, at: dt.datetime, by: str = "", purposes: Sequence[str] = tuple(PURPOSES.values())
) -> Card:
    """New keys and certificates on a card in use: after a stop was lifted, a move, a change of name, or near expiry.

    Raises lifecycle.NotPossible, memory.CardRemoved.
    """
    store = chip_file(card)
    with transaction.atomic(using=REGISTRY, durable=True):
        card = Card.objects.select_for_update().get(pk=card.pk)
        if not card.is_usable(at=at):
            raise lifecycle.NotPossible
        certification.renew(_made(card, purposes, anew=True), at=at, by=by)
    complete_chip(card=card, store=store)
    return card


def complete_chip(*, card: Card, store: CardFile) -> None:
    """Bring the chip's files in line with the rows: certificates, authorities, number."""
    certificates, anchors = {}, {}
    for name, purpose in PURPOSES.items():
        row = card.certificates.filter(purpose=purpose, state=Certificate.State.VALID).first()
        if row is not None:
            certificates[name] = bytes(row.der)
            anchor = authorities.anchor(purpose, row.generation)
            anchors[name] = anchor.public_bytes(serialization.Encoding.DER)
    personalisation.write_certificates(store, certificates=certificates, authorities=anchors)
    personalisation.write_record_code(store, card.resident.resident_record_code)
    chips.chip_number(resident=card.resident, write=lambda number: personalisation.write_number(store, number))


def surface_of(entry: Entry, card: Card) -> personalisation.Surface:
    """What is printed on the card and written on its chip."""
    return personalisation.Surface(
        name=entry.full_name,
        address=entry.full_address,
        birth_date=entry.birth_date,
        sex=entry.sex,
        expires_on=card.expires_on.isoformat(),
        municipality_code=entry.local_government_code,
        latin_name=entry.latin_name,
    )
