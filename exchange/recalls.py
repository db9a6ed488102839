"""Who got what turned out to be wrong is told: which of its own records, which data set, why, since when; no code.

A correction or a withdrawal leaves a notice for each provision in the provider's database (holdings.registration), in
its own transaction. Here each becomes a `Recall` of the event under an id that is a keyed function of the notice's:
draining twice makes one recall, and two stolen databases do not join. The receiver fetches it and confirms; its row
stays, for the person reads beside her record that what was provided was corrected later.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from agencies.models import Agency
from databases import EXCHANGE
from exchange import ledger
from exchange.models import AccessRecord, Recall
from holdings.models import RecallNotice

_RECALL = "recall"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the receiver is told. `record` is its own reference of the record under which it got the information."""

    recall: uuid.UUID
    record: str
    data_set: str
    reason: str
    at: datetime


def drain(agency: str = "") -> int:
    """Turn the notices that wait (of one provider, or all) into recalls; returns how many notices there were.

    Safe at any time and from several processes at once: a notice is deleted only when its recall is committed.
    """
    waiting = RecallNotice.objects.filter(agency=agency) if agency else RecallNotice.objects.all()
    count = 0
    while notices := list(waiting.order_by("pk")[:_BATCH]):
        _recall(notices)
        RecallNotice.objects.filter(pk__in=[notice.pk for notice in notices]).delete()
        count += len(notices)
    return count


def collect(*, agency: Agency, limit: int = 500) -> list[Recalled]:
    """The agency's recalls, in no order that says anything; again and again until it confirms."""
    waiting = Recall.objects.filter(receiver=agency, confirmed_at__isnull=True).order_by("pk")[:limit]
    return [
        Recalled(row.pk, ledger.reference(row.event, ledger.INQUIRER), row.data_set, row.reason, row.at)
        for row in waiting
    ]


def confirm(*, agency: Agency, recalls: Iterable[uuid.UUID | str], at: datetime) -> int:
    """The agency has noted them, its own only. Returns how many were still waiting."""
    waiting = Recall.objects.filter(receiver=agency, confirmed_at__isnull=True, pk__in=list(recalls))
    return waiting.update(confirmed_at=at.replace(microsecond=0))


def latest_of(events: Iterable[uuid.UUID]) -> dict[uuid.UUID, Recall]:
    """The latest recall of each event that has one; within one second, a withdrawal follows a correction."""
    return {row.event: row for row in Recall.objects.filter(event__in=list(events)).order_by("at", "reason", "pk")}


def _recall(notices: Sequence[RecallNotice]) -> None:
    """Nobody is told of a provision whose record is gone: who got it is known no more."""
    events = {notice.pk: ledger.event_of(notice.provision, ledger.PROVIDER) for notice in notices}
    openings = AccessRecord.objects.opening().filter(event__in=events.values()).select_related("leaf")
    asked_by = {row.event: json.loads(row.leaf.body)["inquirer"] for row in openings}
    agencies = Agency.objects.by_local_code(asked_by.values())
    rows = [
        Recall(
            id=uuid.UUID(ledger.reference(notice.pk, _RECALL)),
            event=events[notice.pk],
            receiver=agencies[asked_by[events[notice.pk]]],
            data_set=notice.data_set,
            reason=notice.reason,
            at=notice.at,
        )
        for notice in notices
        if events[notice.pk] in asked_by
    ]
    for row in rows:
        if row.receiver.kind == Agency.Kind.PORTAL:
            row.confirmed_at = row.at  # the portal keeps no answer beyond the session: its page tells the person
    with transaction.atomic(using=EXCHANGE, durable=True):
        Recall.objects.bulk_create(sorted(rows, key=lambda row: row.pk), ignore_conflicts=True)
