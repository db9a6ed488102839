"""The inquirer's own reference makes an inquiry safe to repeat: the same event, the same answer, asked once.

The reference may say whom it is about, so its text is sealed and looked up by a keyed hash. What was asked under it is
kept as a keyed hash too; the reference is part of both, so that equal questions do not look alike.

Who takes up a reference claims it for as long as a living process may need. Whoever repeats the request meanwhile gets
a promise; after that the one who had it is taken to be dead, and the repeated request goes on from what is on record.
If it was not dead, the first end counts, and both get that answer (decision 24).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from agencies.models import Agency
from databases import EXCHANGE
from exchange import answers, ledger
from exchange.inquiry_models import Inquiry, State
from exchange.ledger import Event, Recalled
from keys import custody
from keys.sealing import keyed_hash, seal

_HASH = "inquiry-reference"
_SEAL = "inquiry-answer"
# That a living process needs at most, beside the time that it waits for the provider.
_OWN_TIME = timedelta(seconds=50)
_ASKED = ("case_number", "condition", "not_disclosed")


class ReferenceTaken(ValueError):
    """The inquirer used this reference for another inquiry."""


def claim(event: Event, *, provider: Agency, reference: str, at: datetime) -> Inquiry | None:
    """Make the reference the event's. None: it was free. Else the earlier inquiry under it; of two that come at once
    one is the earlier. Raises ReferenceTaken."""
    earlier = _find(event, reference)
    if earlier is not None and _is_left_behind(earlier, at=at):
        Inquiry.objects.filter(event=earlier.event, state=State.ASKED).delete()
        earlier = None
    if earlier is None:
        try:
            with transaction.atomic(using=EXCHANGE):
                Inquiry.objects.create(
                    event=event.id,
                    inquirer=event.inquirer,
                    provider=provider,
                    state=State.ASKED,
                    outcome=answers.PENDING,
                    asked_at=at,
                    ends_at=at + settings.INQUIRY_DEADLINE,
                    claimed_until=_claim_from(at),
                    reference=_name(event, reference),
                    reference_sealed=seal(
                        _SEAL, reference.encode(), context=f"exchange.Inquiry.reference_sealed:{event.id}"
                    ),
                    content=_content(event, reference),
                )
            return None
        except IntegrityError:
            earlier = _find(event, reference)
            if earlier is None:
                raise
    if earlier.content not in (_content(event, reference, key.id) for key in custody.every(_HASH)):
        raise ReferenceTaken
    return earlier


def take_over(earlier: Inquiry, *, at: datetime) -> Recalled | None:
    """Claim what a process left behind that died before it had an answer. Of two that come at once one gets it.

    Returns the event as it is on record; None where there is nothing to go on with: it has ended, waits for a decision,
    or is in the hands of a living process.
    """
    rows = Inquiry.objects.filter(event=earlier.event, state=State.ASKED, ends_at__gt=at, claimed_until__lte=at)
    return ledger.recall(earlier.event) if rows.update(claimed_until=_claim_from(at)) else None


def _claim_from(at: datetime) -> datetime:
    return at + timedelta(seconds=settings.PROVIDER_SECONDS) + _OWN_TIME


def _is_left_behind(earlier: Inquiry, *, at: datetime) -> bool:
    """Whether a process took up the reference and died before the request was on record: nobody was asked."""
    is_free = earlier.claimed_until is not None and earlier.claimed_until <= at
    return earlier.state == State.ASKED and is_free and ledger.recall(earlier.event) is None


def _find(event: Event, reference: str) -> Inquiry | None:
    """The inquiry under this reference, also one that a former key wrote."""
    names = [_name(event, reference, key.id) for key in custody.every(_HASH)]
    rows = Inquiry.objects.select_related("inquirer", "provider")
    return rows.filter(inquirer=event.inquirer, reference__in=names).first()


def _name(event: Event, reference: str, key_id: int | None = None) -> str:
    return keyed_hash(_HASH, "reference", event.inquirer.local_code, reference, key_id=key_id).hex()


def _content(event: Event, reference: str, key_id: int | None = None) -> str:
    """Whom and what: not by the code, which a new epoch changes, nor by the evidence, which is made for each try."""
    asked = {
        "provider": event.provider.local_code if event.provider else "",
        "affair": event.affair,
        "data_set": event.data_set,
        "items": event.items,
        "subject": event.subject.hex() if event.subject else "",
        "on_behalf_of": event.on_behalf_of.local_code if event.on_behalf_of else "",
        "disclosed_from": str(event.disclosed_from or ""),
        **{name: event.private.get(name, "") for name in _ASKED},
    }
    text = json.dumps(asked, sort_keys=True)
    return keyed_hash(_HASH, "content", event.inquirer.local_code, reference, text, key_id=key_id).hex()
