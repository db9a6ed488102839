"""What a change of the record means for the card: a signature certificate that says something else must end.

(JPKI Act, article 12; Number Act, article 17.) The register's act comes first; this is safe to repeat.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from cards import lifecycle
from cards.models import Card, Certificate
from numbering.models import NumberChange
from residents.models import Entry, Event, Resident, Status

_SAID_ON_THE_CERTIFICATE = (
    Event.MOVED_IN, Event.MOVED_WITHIN, Event.NAME_CHANGED, Event.CORRECTED, Event.RETURNED, Event.LEFT_JAPAN,
)  # fmt: skip


def settle(*, entry: Entry, by: str, at: datetime) -> None:
    """Bring the person's card in line with the entry that was just noted."""
    if entry.event == Event.DIED:
        _abolish_all(entry.resident, by=by, at=at)
    elif entry.event in _SAID_ON_THE_CERTIFICATE:
        lifecycle.attributes_changed(resident=entry.resident, at=at)


def number_changed(*, resident: Resident, by: str, at: datetime) -> None:
    """The old number stands on the card and in its chip: the card ends, and one on its way is not given out."""
    _abolish_all(resident, by=by, at=at)


def finish(*, at: datetime) -> int:
    """End what a kill between the entry and its card left half done. Returns how many persons it was."""
    unended = Card.objects.filter(state__in=[*Card.PENDING, *Card.LIVE])
    left_by_the_dead = unended.filter(resident__entries__is_current=True, resident__entries__status=Status.DECEASED)
    with_an_old_number = [
        card
        for change in NumberChange.objects.filter(approved_at__isnull=False)
        for card in unended.filter(resident=change.resident_id)
        if card.events.earliest("at").at < change.approved_at
    ]
    finished = 0
    for card in {*left_by_the_dead, *with_an_old_number}:
        _abolish(card, by="", at=at)
        finished += 1
    outlived = Certificate.objects.filter(
        purpose=Certificate.Purpose.SIGNATURE,
        state=Certificate.State.VALID,
        card__resident__entries__is_current=True,
        card__resident__entries__event__in=_SAID_ON_THE_CERTIFICATE,
        card__resident__entries__recorded_at__gt=F("not_before"),
    )
    for resident in Resident.objects.filter(pk__in=outlived.values("card__resident")):
        lifecycle.attributes_changed(resident=resident, at=at)
        finished += 1
    return finished


def _abolish_all(resident: Resident, *, by: str, at: datetime) -> None:
    for card in Card.objects.of(resident).filter(state__in=[*Card.PENDING, *Card.LIVE]):
        _abolish(card, by=by, at=at)


def _abolish(card: Card, *, by: str, at: datetime) -> None:
    lifecycle.revoke(
        card=card, at=at, by=by, state=Card.State.ABOLISHED, reason=Certificate.Reason.CESSATION_OF_OPERATION
    )
