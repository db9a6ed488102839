"""Issuing a card: the application's row and the blank chip first, then keys, certificates and number on the chip.

Number Act, article 16-2; JPKI Act, articles 3 and 22. The chip makes its keys and keeps them; the authorities see the
public halves only. The number is written by numbering, which alone can open it; this room never holds it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cards import authorities, lifecycle, validity
from cards.chip import personalisation
from cards.chip.applications import AUTHENTICATION, SIGNATURE
from cards.chip.memory import CardFile
from cards.models import Card, CardEvent, Certificate
from cards.pki.attributes import Attributes
from codes.rist1 import Code
from databases import REGISTRY
from numbering import chips
from residents.models import Entry, Resident, Status

# The chip's word for a key, and the law's word for its certificate.
_PURPOSES = {
    AUTHENTICATION: Certificate.Purpose.USER_AUTHENTICATION,
    SIGNATURE: Certificate.Purpose.SIGNATURE,
}


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
    if entry.status != Status.RESIDENT:
        raise NotEntitled
    issued_on, born = validity.day_in_japan(at), validity.born_on(entry.birth_date)
    card = Card(
        resident=resident,
        state=Card.State.IN_PRODUCTION,
        issued_on=issued_on,
        expires_on=validity.card_expires_on(born=born, issued_on=issued_on, stay_until=entry.stay_until),
    )
    card.chip_slug = slug or str(card.pk)
    card.seal_codes(portal_code=portal_code, staff_code=staff_code)
    may_sign = validity.age_on(born, issued_on) >= validity.SIGNATURE_AGE
    memory = personalisation.manufacture(
        surface=_surface(entry, card), pin=pin, signature_password=signature_password if may_sign else None
    )
    with transaction.atomic(using=REGISTRY, durable=True):
        card.save(force_insert=True)
        CardEvent.objects.create(card=card, state=card.state, at=at, by=by)
        chip_file(card).create(memory)
    return card


def personalise(*, card: Card, at: dt.datetime, by: str = "") -> Card:
    """The chip makes its keys, the authorities sign, the number is written, and the card is in use.

    Safe to repeat: after a crash in the middle the next call completes the chip from the rows. An older card of the
    same person is replaced in the same moment. Raises memory.CardRemoved.
    """
    store = chip_file(card)
    with transaction.atomic(using=REGISTRY, durable=True):
        card = Card.objects.select_for_update().get(pk=card.pk)
        if card.state == Card.State.IN_PRODUCTION:
            _certify(card=card, store=store, at=at)
            lifecycle.replace_older(card=card, at=at, by=by)
            card.state, card.personalised_at = Card.State.ACTIVE, at.replace(microsecond=0)
            card.save(update_fields=["state", "personalised_at"])
            CardEvent.objects.create(card=card, state=card.state, at=at, by=by)
    if card.state == Card.State.ACTIVE:
        _complete_chip(card=card, store=store)
    return card


def renew_certificates(*, card: Card, at: dt.datetime, by: str = "") -> Card:
    """New keys and certificates on a card in use: after a stop was lifted, a move, a change of name, or near expiry.

    Raises lifecycle.NotPossible, memory.CardRemoved.
    """
    store = chip_file(card)
    with transaction.atomic(using=REGISTRY, durable=True):
        card = Card.objects.select_for_update().get(pk=card.pk)
        if not card.is_usable(at=at):
            raise lifecycle.NotPossible
        lifecycle.revoke_certificates(card=card, reason=Certificate.Reason.SUPERSEDED, at=at)
        _certify(card=card, store=store, at=at)
        CardEvent.objects.create(card=card, state=card.state, at=at, by=by)
    _complete_chip(card=card, store=store)
    return card


def _certify(*, card: Card, store: CardFile, at: dt.datetime) -> None:
    entry = card.resident.current
    expires_on = validity.certificate_expires_on(
        born=validity.born_on(entry.birth_date), issued_on=validity.day_in_japan(at), card_expires=card.expires_on
    )
    for name, public in personalisation.make_keys(store).items():
        purpose = _PURPOSES[name]
        key = serialization.load_der_public_key(public)
        assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - our chip makes no other
        authority = authorities.issuing(purpose, at=at)
        certificate = authority.issue(
            public_key=key,
            not_before=at,
            not_after=validity.last_instant(expires_on),
            attributes=_attributes(entry) if authority.profile.with_attributes else None,
            publication=authorities.publication(authority, local_government_code=entry.local_government_code),
        )
        _record(card=card, purpose=purpose, generation=authority.generation, certificate=certificate, entry=entry)


def _record(*, card: Card, purpose: str, generation: int, certificate: x509.Certificate, entry: Entry) -> None:
    Certificate.objects.create(
        serial=f"{certificate.serial_number:x}",
        card=card,
        purpose=purpose,
        generation=generation,
        shard=authorities.shard(
            purpose, serial=certificate.serial_number, local_government_code=entry.local_government_code
        ),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        der=certificate.public_bytes(serialization.Encoding.DER),
    )


def _complete_chip(*, card: Card, store: CardFile) -> None:
    """Bring the chip's files in line with the rows: certificates, authorities, number."""
    certificates, anchors = {}, {}
    for name, purpose in _PURPOSES.items():
        row = card.certificates.filter(purpose=purpose, state=Certificate.State.VALID).first()
        if row is not None:
            certificates[name] = bytes(row.der)
            anchor = authorities.anchor(purpose, row.generation)
            anchors[name] = anchor.public_bytes(serialization.Encoding.DER)
    personalisation.write_certificates(store, certificates=certificates, authorities=anchors)
    chips.chip_number(resident=card.resident, write=lambda number: personalisation.write_number(store, number))


def _surface(entry: Entry, card: Card) -> personalisation.Surface:
    return personalisation.Surface(
        name=entry.full_name,
        address=entry.full_address,
        birth_date=entry.birth_date,
        sex=entry.sex,
        expires_on=card.expires_on.isoformat(),
        municipality_code=entry.local_government_code,
        latin_name=entry.latin_name,
    )


def _attributes(entry: Entry) -> Attributes:
    return Attributes(name=entry.full_name, birth_date=entry.birth_date, sex=entry.sex, address=entry.full_address)
