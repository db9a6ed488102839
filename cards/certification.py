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
from django.db.models import Exists, OuterRef

from cards import authorities, lifecycle, validity
from cards.application_models import CertificatePair, CertificateSuccession
from cards.chip.applications import AUTHENTICATION, SIGNATURE
from cards.models import Card, CardEvent, Certificate
from cards.pki.attributes import Attributes
from cards.pki.authority import Authority
from databases import REGISTRY, rows
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
    residents = [card.resident_id for card in cards]
    before, live = _latest(residents), Card.objects.filter(resident__in=residents, state__in=Card.LIVE)
    having_older = set(live.exclude(pk__in=[card.pk for card in cards]).values_list("resident_id", flat=True))
    for card in cards:
        if card.resident_id in having_older:
            lifecycle.replace_older(card=card, at=at, by=by)
        card.state, card.personalised_at = Card.State.ACTIVE, at.replace(microsecond=0)
    in_use = {"state": Card.State.ACTIVE, "personalised_at": at.replace(microsecond=0)}
    Card.objects.filter(pk__in=[card.pk for card in cards]).update(**in_use)
    issued = issue(made, what=CardEvent.What.STATE, at=at, by=by)
    _link(issued, before=before)
    return issued


def renew(made: Made, *, at: dt.datetime, by: str) -> list[Certificate]:
    """New certificates of these purposes on a card in use, in place of those it had."""
    before, purposes = _latest([made.card.resident_id]), tuple(made.public_keys)
    lifecycle.revoke_certificates(card=made.card, reason=Certificate.Reason.SUPERSEDED, at=at, purposes=purposes)
    issued = issue([made], what=CardEvent.What.CERTIFICATES_RENEWED, at=at, by=by)
    kept = made.card.certificates.filter(state=Certificate.State.VALID).exclude(purpose__in=purposes)
    _link([*issued, *kept], before=before)
    return issued


def issue(made: Sequence[Made], *, what: str, at: dt.datetime, by: str) -> list[Certificate]:
    """Sign and keep the certificates, and write into each card's history that and why."""
    purposes = {purpose for each in made for purpose in each.public_keys}
    signing = {purpose: authorities.issuing(purpose, at=at) for purpose in purposes}
    issued = [
        _signed(each, signing[purpose], public, at=at) for each in made for purpose, public in each.public_keys.items()
    ]
    events = [
        CardEvent(card=each.card, state=each.card.state, what=what, at=at.replace(microsecond=0), by=by)
        for each in made
    ]
    rows.insert(REGISTRY, (Certificate, rows.of(issued)), (CardEvent, rows.of(events)))
    return issued


def _signed(made: Made, authority: Authority, public: bytes, *, at: dt.datetime) -> Certificate:
    card, entry, purpose = made.card, made.entry, authority.profile.purpose
    key = serialization.load_der_public_key(public)
    assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - our chip makes no other
    not_before = at.replace(microsecond=0)
    not_after = validity.last_instant(
        validity.certificate_expires_on(
            born=validity.born_on(entry.birth_date), issued_on=validity.day_in_japan(at), card_expires=card.expires_on
        )
    )
    serial, content = authority.sign(
        public_key=key,
        not_before=not_before,
        not_after=not_after,
        attributes=_attributes(entry) if authority.profile.with_attributes else None,
        publication=authorities.publication(authority, local_government_code=entry.local_government_code),
    )
    return Certificate(
        serial=f"{serial:x}",
        card=card,
        purpose=purpose,
        generation=authority.generation,
        shard=authorities.shard(purpose, serial=serial, local_government_code=entry.local_government_code),
        not_before=not_before,
        not_after=not_after,
        der=content,
    )


def _latest(residents: Iterable[UUID]) -> dict[_Holding, str]:
    """The newest certificate of each purpose that each of them has, in force or not: its serial. It is the one that no
    other has come after, for moments are kept to the second, and two may share one."""
    heirs = CertificateSuccession.objects.filter(older=OuterRef("pk"))
    rows = Certificate.objects.filter(~Exists(heirs), card__resident__in=residents)
    columns = ("card__resident_id", "purpose", "serial")
    return {(resident, purpose): serial for resident, purpose, serial in rows.values_list(*columns)}


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
    CertificateSuccession.objects.bulk_create(successions)
    CertificatePair.objects.bulk_create(
        pairs, update_conflicts=True, unique_fields=["signature"], update_fields=["authentication"]
    )


def _attributes(entry: Entry) -> Attributes:
    return Attributes(name=entry.full_name, birth_date=entry.birth_date, sex=entry.sex, address=entry.full_address)
