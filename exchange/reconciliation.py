"""The three copies of an event (article 23): the exchange's, the provider's, the inquirer's, each under its own id.

The exchange's is in the log, the provider's beside its holdings. The inquirer's is the reference that its answer bore:
agencies keep their files themselves and no one else looks into them, so that copy is only simulated here. What differs
is named by the log's reference, which joins no copies.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from exchange import ledger
from exchange.models import AccessRecord, Kind, Phase
from holdings.models import ProvisionCopy

Row = TypeVar("Row")
_CHUNK = 500
_PROVIDED = (Kind.INQUIRY, Kind.SELF)


@dataclass(frozen=True, slots=True)
class Difference:
    """An event whose copies are not what they should be. `reference` is the log's; `what` one of the words below."""

    reference: str
    what: str


UNANSWERED = "no answer is on record; the provider did not hear of it"
CUT_OFF = "the provider answered, but no answer is on record: the inquirer did not get it"
NOT_COMPLETED = "the delivery, or the change of trust, was begun and never completed"
NO_COPY = "an answer is on record, but the provider has no copy"
NO_EVENT = "the provider has a copy of an event that is not on record"
OTHER_CONTENT = "the provider's copy says something else than the log"


def differences(*, since: datetime, until: datetime) -> Iterator[Difference]:
    """Every event of this time without its copies, and every copy without its event. `until` must leave events time
    to end: a few minutes."""
    openings = AccessRecord.objects.opening().filter(at__gte=since, at__lt=until).exclude(phase=Phase.REFUSED)
    for rows in _chunks(openings.exclude(kind=Kind.LOOK).select_related("leaf").order_by("leaf").iterator(_CHUNK)):
        yield from _of_events(rows)
    for copies in _chunks(ProvisionCopy.objects.filter(at__gte=since, at__lt=until).iterator(_CHUNK)):
        yield from _of_copies(copies)


def _of_events(rows: list[AccessRecord]) -> Iterator[Difference]:
    closings = AccessRecord.objects.filter(event__in=[row.event for row in rows], phase=Phase.ANSWERED)
    closing_of = {row.event: row for row in closings.select_related("leaf")}
    copy_of = ProvisionCopy.objects.in_bulk([_copy_id(row.event) for row in rows])
    for row in rows:
        closing, copy = closing_of.get(row.event), copy_of.get(_copy_id(row.event))
        opened = json.loads(row.leaf.body)
        if what := _amiss(row, opened, json.loads(closing.leaf.body) if closing else None, copy):
            yield Difference(opened["event"], what)


def _amiss(row: AccessRecord, opened: dict[str, Any], closed: dict[str, Any] | None, copy: ProvisionCopy | None) -> str:
    if row.kind not in _PROVIDED:
        return "" if closed else NOT_COMPLETED
    if closed is None:
        return CUT_OFF if copy else UNANSWERED
    if copy is None:
        return NO_COPY
    said = (copy.agency, copy.data_set, copy.items.split(), copy.outcome)
    on_record = (opened["provider"], opened["data_set"], opened["items"], closed["outcome"])
    return "" if said == on_record and copy.inquirer in ("", opened["inquirer"]) else OTHER_CONTENT


def _of_copies(copies: list[ProvisionCopy]) -> Iterator[Difference]:
    events = [ledger.event_of(copy.id, ledger.PROVIDER) for copy in copies]
    known = set(AccessRecord.objects.filter(event__in=events).values_list("event", flat=True))
    for event in events:
        if event not in known:
            yield Difference(ledger.reference(event, ledger.LOG), NO_EVENT)


def _copy_id(event: uuid.UUID) -> uuid.UUID:
    return uuid.UUID(ledger.reference(event, ledger.PROVIDER))


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
