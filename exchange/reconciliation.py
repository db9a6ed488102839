"""The three copies of an event (article 23): the exchange's, the provider's, the inquirer's, each under its own id.

The exchange's is in the log; the provider's and the inquirer's lie in holdings, where nothing joins the two. Of a
refusal the provider never hears, so that it has two. What differs is named by the log's reference, which joins no
copies. An event that was cut off is closed as not obtained once its time is over, and what copies it lacks are written
from the log; what says something else than the log is named and left as it is, for people to look into.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db.models import Q

from exchange import answers, ledger, standing
from exchange.inquiry_models import OPEN, Inquiry
from exchange.models import AccessRecord, AccessRecordQuerySet, Kind, Phase
from holdings import inquirer_copies, waiting
from holdings.models import InquiryCopy, ProvisionCopy
from holdings.periods import legal_day
from keys.sealing import CannotOpen

Row = TypeVar("Row")
_CHUNK = 500
_PROVIDED = (Kind.INQUIRY, Kind.SELF)
# An event younger than this may still be under way.
TIME_TO_END = settings.INQUIRY_DEADLINE
_SAME = ("affair", "data_set", "inquirer", "items", "kind", "provider", "row")


@dataclass(frozen=True, slots=True)
class Difference:
    """An event whose copies are not what they should be. `reference` is the log's; `what` one of the words below."""

    reference: str
    what: str
    is_repaired: bool = False

    def __str__(self) -> str:
        return f"{self.what} (repaired)" if self.is_repaired else self.what


UNANSWERED = "no answer is on record; the provider did not hear of it"
CUT_OFF = "the provider answered, but no answer is on record: the inquirer did not get it"
NOT_COMPLETED = "the delivery, or the change of trust, was begun and never completed"
NO_COPY = "an answer is on record, but the provider has no copy"
NO_COPY_OF_INQUIRER = "the inquirer has no copy"
NO_EVENT = "there is a copy of an event that is not on record"
OTHER_CONTENT = "a copy says something else than the log"
_REPAIRABLE = {UNANSWERED, CUT_OFF, NO_COPY, NO_COPY_OF_INQUIRER}


class _Copies(NamedTuple):
    """What there is of one event, beside its opening."""

    closed: dict[str, Any] | None
    of_provider: ProvisionCopy | None
    of_inquirer: InquiryCopy | None


def differences(*, since: datetime, until: datetime) -> Iterator[Difference]:
    """Every event that began or ended in this time without its copies, and every copy without its event.

    `until` must leave events time to end (TIME_TO_END). What still waits for its provider is under way.
    """
    for _, difference in _found(since, until):
        yield difference


def repair(*, since: datetime, until: datetime, at: datetime) -> Iterator[Difference]:
    """As `differences`, and write what is missing. Safe to repeat."""
    for event, difference in _found(since, until):
        if event is not None and difference.what in _REPAIRABLE:
            _mend(event, at=at)
            yield replace(difference, is_repaired=True)
        else:
            yield difference


def _found(since: datetime, until: datetime) -> Iterator[tuple[uuid.UUID | None, Difference]]:
    for rows in _chunks(_openings(since, until).select_related("leaf").order_by("leaf").iterator(_CHUNK)):
        yield from _of_events(rows)
    of_providers = ProvisionCopy.objects.filter(at__gte=since, at__lt=until)
    of_inquirers = InquiryCopy.objects.filter(on__gte=legal_day(since), on__lte=legal_day(until))
    for copies, party in ((of_providers, ledger.PROVIDER), (of_inquirers, ledger.INQUIRER)):
        for ids in _chunks(copies.values_list("id", flat=True).iterator(_CHUNK)):
            yield from ((None, difference) for difference in _of_copies(ids, party))


def _openings(since: datetime, until: datetime) -> AccessRecordQuerySet:
    ended = AccessRecord.objects.filter(phase=Phase.ANSWERED, at__gte=since, at__lt=until)
    openings = AccessRecord.objects.opening().exclude(kind=Kind.LOOK)
    openings = openings.filter(Q(at__gte=since, at__lt=until) | Q(at__lt=since, event__in=ended.values("event")))
    under_way = Inquiry.objects.filter(state__in=OPEN)
    return openings.exclude(event__in=under_way.values("event"))


def _of_events(rows: list[AccessRecord]) -> Iterator[tuple[uuid.UUID, Difference]]:
    events = [row.event for row in rows]
    closings = AccessRecord.objects.filter(event__in=events, phase=Phase.ANSWERED)
    closing_of = {row.event: json.loads(row.leaf.body) for row in closings.select_related("leaf")}
    of_provider = ProvisionCopy.objects.in_bulk([_copy_id(event, ledger.PROVIDER) for event in events])
    of_inquirer = InquiryCopy.objects.in_bulk([_copy_id(event, ledger.INQUIRER) for event in events])
    for row in rows:
        copies = _Copies(
            closing_of.get(row.event),
            of_provider.get(_copy_id(row.event, ledger.PROVIDER)),
            of_inquirer.get(_copy_id(row.event, ledger.INQUIRER)),
        )
        opened = json.loads(row.leaf.body)
        if what := _amiss(row, opened, copies):
            yield row.event, Difference(opened["event"], what)


def _amiss(row: AccessRecord, opened: dict[str, Any], copies: _Copies) -> str:
    if row.kind not in _PROVIDED:
        return "" if copies.closed or row.phase == Phase.REFUSED else NOT_COMPLETED
    if row.phase == Phase.REFUSED:
        return _amiss_with_inquirer(opened, opened["outcome"], copies.of_inquirer)
    if copies.closed is None:
        return CUT_OFF if copies.of_provider else UNANSWERED
    outcome = copies.closed["outcome"]
    if copies.of_provider is None:
        return NO_COPY
    if not _is_same(copies.of_provider, opened, outcome):
        return OTHER_CONTENT
    return _amiss_with_inquirer(opened, outcome, copies.of_inquirer)


def _is_same(copy: ProvisionCopy, opened: dict[str, Any], outcome: str) -> bool:
    said = (copy.agency, copy.data_set, copy.items.split())
    # A provider may have answered what its inquirer never got.
    has_outcome = copy.outcome == outcome or outcome in answers.NOT_PROVIDED
    is_about = said == (opened["provider"], opened["data_set"], opened["items"])
    return is_about and has_outcome and copy.inquirer in ("", opened["inquirer"])


def _amiss_with_inquirer(opened: dict[str, Any], outcome: str, copy: InquiryCopy | None) -> str:
    if copy is None:
        return NO_COPY_OF_INQUIRER
    try:
        facts = inquirer_copies.opened(copy)
    except CannotOpen:
        return OTHER_CONTENT
    is_same = all(facts[name] == opened[name] for name in _SAME) and facts["outcome"] == outcome
    return "" if is_same else OTHER_CONTENT


def _mend(event: uuid.UUID, *, at: datetime) -> None:
    inquiry = Inquiry.objects.select_related("inquirer", "provider").filter(event=event).first()
    if inquiry is not None:
        standing.settle(inquiry, at=at)
    found = ledger.recall(event)
    if found is None:
        return
    reference = ledger.reference(event, ledger.PROVIDER)
    if not found.is_refused:
        waiting.close(reference=reference, outcome=found.outcome or answers.TIME_OUT, at=at)
        has_heard = ProvisionCopy.objects.filter(id=reference).exists()
        outcome = found.outcome or (answers.TIME_OUT if has_heard else answers.NOT_REACHED)
        standing.keep_providers_copy(found.event, outcome=outcome, at=at)
        found = replace(found, outcome=outcome)
    standing.record_end(found, outcome=found.outcome, at=at)


def _of_copies(ids: list[uuid.UUID], party: str) -> Iterator[Difference]:
    events = [ledger.event_of(id_, party) for id_ in ids]
    known = set(AccessRecord.objects.filter(event__in=events).values_list("event", flat=True))
    for event in events:
        if event not in known:
            yield Difference(ledger.reference(event, ledger.LOG), NO_EVENT)


def _copy_id(event: uuid.UUID, party: str) -> uuid.UUID:
    return uuid.UUID(ledger.reference(event, party))


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
