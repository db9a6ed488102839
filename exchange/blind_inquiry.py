"""An inquiry whose person the exchange's conversion does not see (mode M1); else the same as exchange.inquiry.

The inquirer sends its code encrypted to the provider and to the portal, with the proof that both hide one code
(codes.blind). Without the portal's part and the proof nothing is asked: the record's subject comes from that part, so
the person sees a blind inquiry in her list like any other. What converts sees neither code; the portal's part is opened
by the portal's key and the provider's by the provider's, wherever those keys are held.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError

from agencies import registry
from agencies.models import Agency
from codes import rist1
from codes.blind import Question
from exchange import ledger
from exchange.conversion import NoCodeKey, convert_blind
from exchange.inquiry import Answer, answer_from_provider
from exchange.ledger import Event
from exchange.models import Kind
from holdings import hosted
from holdings.periods import Period
from keys.sealing import keyed_hash


class NumberUsed(Exception):
    """The inquirer has asked under this transaction number before: a question works once."""


def inquire(
    *,
    inquirer: Agency,
    question: Question,
    epoch: int,
    number: bytes,
    provider: Agency,
    affair: str,
    data_set: str,
    items: Sequence[str],
    condition: Period | None = None,
    case_number: str = "",
    evidence: str = "",
    at: datetime,
) -> Answer:
    """Ask about the person hidden in `question`.

    Raises ProofRejected, MalformedCode, NoCodeKey, NotDeposited, NumberUsed, Refused. `epoch` is that of the inquirer's
    hidden code, `number` the id of the transaction that the proof was made for.
    """
    portal = Agency.objects.portal()
    if provider.code_public_key is None:
        raise NoCodeKey
    if provider.is_hosted:
        hosted.require(agency=provider.local_code, public_key=bytes(provider.code_public_key))
    converted = convert_blind(
        question=question, epoch=epoch, source=inquirer, target=provider, portal=portal, number=number
    )
    event = Event(
        kind=Kind.INQUIRY,
        inquirer=inquirer,
        provider=provider,
        affair=affair,
        data_set=data_set,
        items=tuple(items),
        subject=ledger.subject_at(rist1.unblind(converted.for_records, registry.own_private_key(portal))),
        private={"case_number": case_number, "condition": str(condition or ""), "evidence": evidence},
        id=_event_of(inquirer, number),
    )
    try:
        return answer_from_provider(
            event,
            provider=provider,
            hidden=converted.for_provider,
            condition=condition,
            at=at,
        )
    except IntegrityError:
        raise NumberUsed from None


def _event_of(inquirer: Agency, number: bytes) -> uuid.UUID:
    """One transaction is one event, and an event opens once: the record itself refuses the second use."""
    hashed = keyed_hash("record-reference", "blind-inquiry", inquirer.local_code, number)
    return uuid.UUID(bytes=hashed[:16], version=4)
