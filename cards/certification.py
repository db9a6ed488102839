"""The authorities sign the keys that chips have made, for one card or for a batch, and what that means for the cards.

JPKI Act, articles 3 and 22. One code for one and for many: the number of queries does not grow with the number of
cards, and each authority's key is loaded once in the life of a process. All of it happens inside the caller's
transaction: a certificate that was signed and not committed was never issued.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cards import authorities, lifecycle, validity
from cards.application_models import CertificatePair, CertificateSuccession
from cards.chip.applications import AUTHENTICATION, SIGNATURE
from cards.models import Card, CardEvent, Certificate
from cards.pki.attributes import Attributes
from residents.models import Entry

# The chip's word for a key, and the law's word for its certificate.
PURPOSES = {
    AUTHENTICATION: Certificate.Purpose.USER_AUTHENTICATION,
    SIGNATURE: Certificate.Purpose.SIGNATURE,
}


_Holding = tuple[UUID, str]


class Made(NamedTuple):
    """A card whose chip has made keys: the holder's record of the day, and the public halves (DER) by purpose."""

    card: Card
    entry: Entry
    public_keys: Mapping[str, bytes]


def put_into_use(made: Sequence[Made], *, at: dt.datetime, by: str) -> list[Certificate]:
    """Certificates, and the cards are in use from now on; an older card of the same person is replaced."""
    cards = [each.card for each in made]
    before = _latest(cards)
    issued = _certify(made, at=at)
    for card in _with_older(cards):
        lifecycle.replace_older(card=card, at=at, by=by)
    state, since = Card.State.ACTIVE, at.replace(microsecond=0)
    Card.objects.filter(pk__in=[card.pk for card in cards]).update(state=state, personalised_at=since)
    for card in cards:
        card.state, card.personalised_at = state, since
    CardEvent.objects.bulk_create(CardEvent(card=card, state=card.state, at=at, by=by) for card in cards)
    _link(issued, before=before)
    return issued


def renew(made: Made, *, at: dt.datetime, by: str) -> list[Certificate]:
    """New certificates of these purposes on a card in use, in place of those it had."""
    card, before = made.card, _latest([made.card])
    lifecycle.revoke_certificates(
        card=card, reason=Certificate.Reason.SUPERSEDED, at=at, purposes=tuple(made.public_keys)
    )
    issued = _certify([made], at=at)
    kept = card.certificates.filter(state=Certificate.State.VALID).exclude(purpose__in=made.public_keys)
    what = CardEvent.What.CERTIFICATES_RENEWED
    CardEvent.objects.create(card=card, state=card.state, what=what, at=at.replace(microsecond=0), by=by)
    _link([*issued, *kept], before=before)
    return issued


def _certify(made: Sequence[Made], *, at: dt.datetime) -> list[Certificate]:
    rows = [
        _signed(each, Certificate.Purpose(purpose), public, at=at)
        for each in made
        for purpose, public in each.public_keys.items()
    ]
    return Certificate.objects.bulk_create(rows)


def _signed(made: Made, purpose: str, public: bytes, *, at: dt.datetime) -> Certificate:
    card, entry = made.card, made.entry
    key = serialization.load_der_public_key(public)
    assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - our chip makes no other
    authority = authorities.issuing(purpose, at=at)
    not_before = at.replace(microsecond=0)
    not_after = validity.last_instant(
        validity.certificate_expires_on(
            born=validity.born_on(entry.birth_date), issued_on=validity.day_in_japan(at), card_expires=card.expires_on
        )
    )
    certificate = authority.issue(
        public_key=key,
        not_before=not_before,
        not_after=not_after,
        attributes=_attributes(entry) if authority.profile.with_attributes else None,
        publication=authorities.publication(authority, local_government_code=entry.local_government_code),
    )
    serial = certificate.serial_number
    return Certificate(
        serial=f"{serial:x}",
        card=card,
        purpose=purpose,
        generation=authority.generation,
        shard=authorities.shard(purpose, serial=serial, local_government_code=entry.local_government_code),
        not_before=not_before,
        not_after=not_after,
        der=certificate.public_bytes(serialization.Encoding.DER),
    )


def _latest(cards: Sequence[Card]) -> dict[_Holding, str]:
    """The newest certificate of each person and purpose, in force or not: its serial."""
    rows = Certificate.objects.filter(card__resident__in=[card.resident_id for card in cards])
    columns = rows.order_by("not_before", "revoked_at").values_list("card__resident_id", "purpose", "serial")
    return {(resident, purpose): serial for resident, purpose, serial in columns}


def _with_older(cards: Sequence[Card]) -> list[Card]:
    """Those whose holders have another card in use."""
    others = Card.objects.live().filter(resident__in=[card.resident_id for card in cards])
    having = set(others.exclude(pk__in=[card.pk for card in cards]).values_list("resident_id", flat=True))
    return [card for card in cards if card.resident_id in having]


def _link(valid: Iterable[Certificate], *, before: Mapping[_Holding, str]) -> None:
    """Old to new, and signature to authentication: how a service recognises the same person (JPKI's association)."""
    successions, by_card = [], defaultdict[Card, dict[str, Certificate]](dict)
    for row in valid:
        by_card[row.card][row.purpose] = row
        older = before.get((row.card.resident_id, row.purpose))
        if older is not None and older != row.pk:
            successions.append(CertificateSuccession(older_id=older, newer=row))
    pairs = [
        CertificatePair(
            signature=rows[Certificate.Purpose.SIGNATURE],
            authentication=rows[Certificate.Purpose.USER_AUTHENTICATION],
        )
        for rows in by_card.values()
        if len(rows) == len(PURPOSES)
    ]
    CertificateSuccession.objects.bulk_create(successions, ignore_conflicts=True)
    CertificatePair.objects.bulk_create(
        pairs, update_conflicts=True, unique_fields=["signature"], update_fields=["authentication"]
    )


def _attributes(entry: Entry) -> Attributes:
    return Attributes(name=entry.full_name, birth_date=entry.birth_date, sex=entry.sex, address=entry.full_address)
