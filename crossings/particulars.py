"""What a change of the record means for the card: a signature certificate that says something else must end.

(JPKI Act, article 12; Number Act, article 17.) The register's act comes first; this is safe to repeat.
"""

from __future__ import annotations

from datetime import datetime

from cards import lifecycle
from cards.models import Card, Certificate
from residents.models import Entry, Event

_SAID_ON_THE_CERTIFICATE = (
    Event.MOVED_IN, Event.MOVED_WITHIN, Event.NAME_CHANGED, Event.CORRECTED, Event.RETURNED, Event.LEFT_JAPAN,
)  # fmt: skip


def settle(*, entry: Entry, by: str, at: datetime) -> None:
    """Bring the person's card in line with the entry that was just noted."""
    if entry.event == Event.DIED:
        for card in Card.objects.of(entry.resident).live():
            lifecycle.revoke(
                card=card, at=at, by=by, state=Card.State.ABOLISHED, reason=Certificate.Reason.CESSATION_OF_OPERATION
            )
    elif entry.event in _SAID_ON_THE_CERTIFICATE:
        lifecycle.attributes_changed(resident=entry.resident, at=at)
