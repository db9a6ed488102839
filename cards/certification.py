"""The authorities sign the keys that chips have made, for one card or for a batch, and what that means for the cards.

JPKI Act, articles 3 and 22. One code for one and for many: the number of queries does not grow with the number of
cards, and each authority's key is loaded once in the life of a process. All of it happens inside the caller's
transaction: a certificate that was signed and not committed was never issued.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_SIGNATURE, _AUTHENTICATION = Certificate.Purpose.SIGNATURE, Certificate.Purpose.USER_AUTHENTICATION
_Holding = tuple[UUID, str]


class Made(NamedTuple):
    """A card whose chip has made keys: the holder's record of the day, and the public halves (DER) by purpose."""

    card: Card
    entry: Entry
    public_keys: Mapping[str, bytes]


class Issued(NamedTuple):
    """A certificate's row: the columns of `Certificate` in their order."""

    serial: str
    card_id: UUID
    purpose: str
    generation: int
    shard: str
    not_before: dt.datetime
    not_after: dt.datetime
    state: str
    revoked_at: dt.datetime | None
    reason: str
    der: bytes


def put_into_use(made: Sequence[Made], *, at: dt.datetime, by: str) -> None:
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
    pairs = [(held[_SIGNATURE], held[_AUTHENTICATION]) for held in _by_card(issued) if len(held) == len(PURPOSES)]
    rows.insert(REGISTRY, (CertificateSuccession, _successions(made, issued, before)), (CertificatePair, pairs))


def renew(made: Made, *, at: dt.datetime, by: str) -> None:
    """New certificates of these purposes on a card in use, in place of those it had."""
    card, before, purposes = made.card, _latest([made.card.resident_id]), tuple(made.public_keys)
    lifecycle.revoke_certificates(card=card, reason=Certificate.Reason.SUPERSEDED, at=at, purposes=purposes)
    issued = issue([made], what=CardEvent.What.CERTIFICATES_RENEWED, at=at, by=by)
    rows.insert(REGISTRY, (CertificateSuccession, _successions([made], issued, before)))
    valid = card.certificates.filter(state=Certificate.State.VALID)
    held = dict(valid.values_list("purpose", "serial"))
    if len(held) == len(PURPOSES):
        CertificatePair.objects.update_or_create(
            signature_id=held[_SIGNATURE], defaults={"authentication_id": held[_AUTHENTICATION]}
        )


def issue(made: Sequence[Made], *, what: str, at: dt.datetime, by: str) -> list[Issued]:
    """Sign and keep the certificates, and write into each card's history that and why."""
    at = at.replace(microsecond=0)
    purposes = {purpose for each in made for purpose in each.public_keys}
    signing = {purpose: authorities.issuing(purpose, at=at) for purpose in purposes}
    issued = [certificate for each in made for certificate in _signed(each, signing, at=at)]
    events = [(each.card.pk, each.card.state, what, at, by) for each in made]
    rows.insert(REGISTRY, (Certificate, issued), (CardEvent, events))
    return issued


def _signed(made: Made, signing: Mapping[str, Authority], *, at: dt.datetime) -> Iterator[Issued]:
    card, entry = made.card, made.entry
    ends = validity.certificate_expires_on(
        born=validity.born_on(entry.birth_date), issued_on=validity.day_in_japan(at), card_expires=card.expires_on
    )
    not_after, code = validity.last_instant(ends), entry.local_government_code
    for purpose, public in made.public_keys.items():
        authority, key = signing[purpose], serialization.load_der_public_key(public)
        assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - our chip makes no other
        serial, der = authority.sign(
            public_key=key,
            not_before=at,
            not_after=not_after,
            attributes=_attributes(entry) if authority.profile.with_attributes else None,
            publication=authorities.publication(authority, local_government_code=code),
        )
        yield Issued(
            serial=f"{serial:x}",
            card_id=card.pk,
            purpose=purpose,
            generation=authority.generation,
            shard=authorities.shard(purpose, serial=serial, local_government_code=code),
            not_before=at,
            not_after=not_after,
            state=Certificate.State.VALID,
            revoked_at=None,
            reason="",
            der=der,
        )


def _latest(residents: Iterable[UUID]) -> dict[_Holding, str]:
    """The newest certificate of each purpose that each of them has, in force or not: its serial. It is the one that no
    other has come after, for moments are kept to the second, and two may share one."""
    heirs = CertificateSuccession.objects.filter(older=OuterRef("pk"))
    rows = Certificate.objects.filter(~Exists(heirs), card__resident__in=residents)
    columns = ("card__resident_id", "purpose", "serial")
    return {(resident, purpose): serial for resident, purpose, serial in rows.values_list(*columns)}


def _successions(
    made: Iterable[Made], issued: Iterable[Issued], before: Mapping[_Holding, str]
) -> list[tuple[str, str]]:
    """Old to new: with the pair of a card's two, how a service recognises the same person (JPKI's association)."""
    resident = {each.card.pk: each.card.resident_id for each in made}
    heirs = [(before.get((resident[row.card_id], row.purpose)), row.serial) for row in issued]
    return [(older, newer) for older, newer in heirs if older is not None]


def _by_card(issued: Iterable[Issued]) -> Iterable[dict[str, str]]:
    """The serials of each card's certificates, by purpose."""
    found = defaultdict[UUID, dict[str, str]](dict)
    for row in issued:
        found[row.card_id][row.purpose] = row.serial
    return found.values()


def _attributes(entry: Entry) -> Attributes:
    return Attributes(name=entry.full_name, birth_date=entry.birth_date, sex=entry.sex, address=entry.full_address)
