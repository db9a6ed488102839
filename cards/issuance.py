"""Issuing a card: the application's row and the blank chip first, then keys, certificates and number on the chip.

Number Act, article 16-2; JPKI Act, articles 3 and 22. The chip makes its keys and keeps them; the authorities see the
public halves only. The number is written by numbering, which alone can open it; this room never holds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cards import authorities, lifecycle, validity
from cards.application_models import Application, CertificatePair, CertificateSuccession
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
    before = _latest(card.resident)
    _certify(card=card, store=chip_file(card), at=at)
    lifecycle.replace_older(card=card, at=at, by=by)
    card.state, card.personalised_at = Card.State.ACTIVE, at.replace(microsecond=0)
    card.save(update_fields=["state", "personalised_at"])
    CardEvent.objects.create(card=card, state=card.state, at=at, by=by)
    _link(card=card, before=before)


def renew_certificates(
    *, card: Card, at: dt.datetime, by: str = "", purposes: Sequence[str] = tuple(_PURPOSES.values())
) -> Card:
    """New keys and certificates on a card in use: after a stop was lifted, a move, a change of name, or near expiry.

    Raises lifecycle.NotPossible, memory.CardRemoved.
    """
    store = chip_file(card)
    with transaction.atomic(using=REGISTRY, durable=True):
        card = Card.objects.select_for_update().get(pk=card.pk)
        if not card.is_usable(at=at):
            raise lifecycle.NotPossible
        before = _latest(card.resident)
        lifecycle.revoke_certificates(card=card, reason=Certificate.Reason.SUPERSEDED, at=at, purposes=purposes)
        _certify(card=card, store=store, at=at, purposes=purposes)
        what = CardEvent.What.CERTIFICATES_RENEWED
        CardEvent.objects.create(card=card, state=card.state, what=what, at=at.replace(microsecond=0), by=by)
        _link(card=card, before=before)
    complete_chip(card=card, store=store)
    return card


def _latest(resident: Resident) -> dict[str, Certificate]:
    """The newest certificate of each purpose that the person has, in force or not."""
    rows = Certificate.objects.filter(card__resident=resident).order_by("not_before", "revoked_at")
    return {row.purpose: row for row in rows}


def _link(*, card: Card, before: dict[str, Certificate]) -> None:
    """Old to new, and signature to authentication: how a service recognises the same person (JPKI's association)."""
    valid = {row.purpose: row for row in card.certificates.filter(state=Certificate.State.VALID)}
    for purpose, row in valid.items():
        older = before.get(purpose)
        if older is not None and older.pk != row.pk:
            CertificateSuccession.objects.get_or_create(older=older, defaults={"newer": row})
    signature = valid.get(Certificate.Purpose.SIGNATURE)
    authentication = valid.get(Certificate.Purpose.USER_AUTHENTICATION)
    if signature is not None and authentication is not None:
        CertificatePair.objects.update_or_create(signature=signature, defaults={"authentication": authentication})


def _certify(
    *, card: Card, store: CardFile, at: dt.datetime, purposes: Sequence[str] = tuple(_PURPOSES.values())
) -> None:
    entry = card.resident.current
    expires_on = validity.certificate_expires_on(
        born=validity.born_on(entry.birth_date), issued_on=validity.day_in_japan(at), card_expires=card.expires_on
    )
    names = [name for name, purpose in _PURPOSES.items() if purpose in purposes]
    for name, public in personalisation.make_keys(store, names=names).items():
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


def complete_chip(*, card: Card, store: CardFile) -> None:
    """Bring the chip's files in line with the rows: certificates, authorities, number."""
    certificates, anchors = {}, {}
    for name, purpose in _PURPOSES.items():
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


def _attributes(entry: Entry) -> Attributes:
    return Attributes(name=entry.full_name, birth_date=entry.birth_date, sex=entry.sex, address=entry.full_address)
