"""An agency asks about many persons at once: it hands the lines in, comes back for the results, and confirms them.

Every line is an inquiry of its own (exchange.inquiry): its own row of the permission table, its own record, its own
answer. What is common is the hand-in, which is taken whole or not at all, and the work (exchange.bulk_work).

Lines wait sealed and shuffled. A line's code is erased as soon as the line has its outcome; the answers wait sealed,
until the inquirer says that they have arrived, or for `BULK_KEEP_DAYS`.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from agencies.models import Agency
from databases import EXCHANGE
from exchange import bulk_lines, bulk_work, conversion
from exchange.bulk_lines import Line, LineResult, WaitingLine
from exchange.bulk_models import Bulk, BulkBatch, BulkQuerySet
from holdings.periods import begin_of, legal_day
from keys.sealing import keyed_hash

MOST_LINES = 10_000
BATCH = 250
_MOST_ERRORS = 100
_REFERENCE = "bulk-reference"


class LineError(NamedTuple):
    """What is wrong with one line, by its place from 0; never its content."""

    position: int
    field: str
    sentence: str


class LinesRefused(Exception):
    """Nothing was taken. `errors` names the first hundred lines that were refused."""

    def __init__(self, errors: list[LineError]) -> None:
        super().__init__("Lines were refused.")
        self.errors = errors


class ReferenceTaken(Exception):
    """The agency has handed in other lines under this reference."""


class TooMuch(Exception):
    """The agency has too many bulks open, or too many lines on this day. `seconds` until it may try again."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class NoSuchBulk(Exception):
    """The agency has no such bulk."""


class NotEnded(Exception):
    """Some line has no outcome yet: there is nothing to confirm."""


class Erased(Exception):
    """The answers are gone: confirmed, or kept for as long as they are kept."""


@dataclass(frozen=True, slots=True, repr=False)
class HandedIn:
    """The bulk, and whether this request made it."""

    id: uuid.UUID
    lines: int
    is_new: bool

    def __repr__(self) -> str:
        return "<HandedIn>"


@dataclass(frozen=True, slots=True, repr=False)
class Progress:
    """How far a bulk is. `outcomes` counts the lines by result code; those that wait are pending ("0101")."""

    state: str
    lines: int
    outcomes: dict[str, int]
    accepted_at: datetime
    ended_at: datetime | None
    erased_at: datetime | None

    def __repr__(self) -> str:
        return "<Progress>"

    @property
    def settled(self) -> int:
        return self.lines - self.outcomes.get(bulk_lines.PENDING, 0)


def hand_in(*, inquirer: Agency, reference: str, lines: Sequence[Line], evidence: str = "", at: datetime) -> HandedIn:
    """Take all lines, or none. The same lines under the same reference again are the same bulk.

    Raises LinesRefused, ReferenceTaken, TooMuch. Nothing is on record yet: each line will be, before its provider hears
    of it.
    """
    named = keyed_hash(_REFERENCE, "reference", inquirer.local_code, reference)
    content = keyed_hash(_REFERENCE, "content", inquirer.local_code, bulk_lines.content_of(lines))
    found = _taken(inquirer, named, content)
    if found is not None:
        return found
    providers = _checked(inquirer, lines)
    with transaction.atomic(using=EXCHANGE, durable=True):
        # One hand-in of an agency at a time: the second sees what the first took.
        Agency.objects.select_for_update(no_key=True).get(pk=inquirer.pk)
        found = _taken(inquirer, named, content)
        if found is not None:
            return found
        _check_limits(inquirer, len(lines), at)
        bulk = Bulk(inquirer=inquirer, reference=named, content=content, lines=len(lines), accepted_at=at)
        bulk.evidence_sealed = bulk_lines.seal_evidence(bulk, evidence)
        bulk.save(force_insert=True)
        BulkBatch.objects.bulk_create(_batches(bulk, lines, providers))
    return HandedIn(bulk.pk, len(lines), is_new=True)


def progress(*, inquirer: Agency, bulk: uuid.UUID) -> Progress:
    """How far the bulk is. Raises NoSuchBulk."""
    found = _of(inquirer, bulk)
    outcomes: Counter[str] = Counter()
    for size, of_batch in found.batches.values_list("size", "outcomes"):
        outcomes.update(of_batch or {bulk_lines.PENDING: size})
    counted = dict(sorted(outcomes.items()))
    return Progress(found.state, found.lines, counted, found.accepted_at, found.ended_at, found.erased_at)


def results(*, inquirer: Agency, bulk: uuid.UUID, after: int = 0, limit: int = 500) -> list[LineResult]:
    """The next lines in the order of the hand-in, `after` so many, each with what became of it so far.

    Raises NoSuchBulk, Erased.
    """
    found = _of(inquirer, bulk)
    if found.erased_at is not None:
        raise Erased
    batches = found.batches.select_related("bulk__inquirer")
    lines = [result for batch in batches for result in bulk_lines.results_in(batch)]
    wanted = range(after, after + limit)
    return sorted((each for each in lines if each.position in wanted), key=lambda each: each.position)


def confirm(*, inquirer: Agency, bulk: uuid.UUID, at: datetime) -> None:
    """The answers have arrived, and are erased here. Again changes nothing. Raises NoSuchBulk, NotEnded."""
    found = _of(inquirer, bulk)
    if found.ended_at is None:
        raise NotEnded
    _erase(Bulk.objects.filter(pk=found.pk), at)


def cancel(*, inquirer: Agency, bulk: uuid.UUID, at: datetime) -> None:
    """Ask no further line. Those that were asked keep their answers; the others end as cancelled, without a record.

    Again changes nothing, and so for a bulk that is done. Raises NoSuchBulk.
    """
    found = _of(inquirer, bulk)
    Bulk.objects.filter(pk=found.pk, state=Bulk.State.OPEN).update(state=Bulk.State.CANCELLED)
    bulk_work.work(bulk=found.pk, only_new=True, clock=lambda: at)


def erase_old(*, at: datetime) -> int:
    """Erase answers that were not fetched in time. Returns of how many bulks."""
    return _erase(Bulk.objects.filter(ended_at__lt=at - timedelta(days=settings.BULK_KEEP_DAYS)), at)


def _erase(bulks: BulkQuerySet, at: datetime) -> int:
    with transaction.atomic(using=EXCHANGE, durable=True):
        found = list(bulks.filter(erased_at=None, ended_at__isnull=False).select_for_update())
        BulkBatch.objects.filter(bulk__in=found).update(sealed=b"")
        return Bulk.objects.filter(pk__in=[bulk.pk for bulk in found]).update(erased_at=at)


def _of(inquirer: Agency, bulk: uuid.UUID) -> Bulk:
    found = Bulk.objects.of(inquirer).filter(pk=bulk).first()
    if found is None:
        raise NoSuchBulk
    return found


def _taken(inquirer: Agency, reference: bytes, content: bytes) -> HandedIn | None:
    found = Bulk.objects.of(inquirer).filter(reference=reference).first()
    if found is None:
        return None
    if not hmac.compare_digest(bytes(found.content), content):
        raise ReferenceTaken
    return HandedIn(found.pk, found.lines, is_new=False)


def _checked(inquirer: Agency, lines: Sequence[Line]) -> dict[str, Agency]:
    """The providers by local code, where every line can be worked on. Raises LinesRefused."""
    providers = {each.local_code: each for each in Agency.objects.active()}
    stands = {epoch: conversion.stands(inquirer, epoch) for epoch in {line.code.epoch for line in lines}}
    seen: set[str] = set()
    errors = []
    for position, line in enumerate(lines):
        if line.id in seen:
            errors.append(LineError(position, "line", "Another line has this id."))
        if line.provider not in providers:
            errors.append(LineError(position, "provider", "There is no active agency with this local code."))
        if not stands[line.code.epoch]:
            errors.append(LineError(position, "code", "Not a code of today: it belongs to another epoch."))
        seen.add(line.id)
    if not 0 < len(lines) <= MOST_LINES:
        raise ValueError(f"A bulk has 1 to {MOST_LINES} lines.")
    if errors:
        raise LinesRefused(errors[:_MOST_ERRORS])
    return providers


def _check_limits(inquirer: Agency, lines: int, at: datetime) -> None:
    bulks = Bulk.objects.of(inquirer)
    if bulks.unsettled().count() >= settings.BULK_OPEN:
        raise TooMuch(f"You have {settings.BULK_OPEN} bulks that are not done yet.", 60)
    midnight = begin_of(legal_day(at))
    today = bulks.filter(accepted_at__gte=midnight).aggregate(lines=Sum("lines"))["lines"] or 0
    if today + lines > settings.BULK_LINES_A_DAY:
        tomorrow = midnight + timedelta(days=1)  # no day in Japan has another length
        sentence = f"On one day you may hand in {settings.BULK_LINES_A_DAY} lines."
        raise TooMuch(sentence, int((tomorrow - at).total_seconds()) + 1)


def _batches(bulk: Bulk, lines: Sequence[Line], providers: dict[str, Agency]) -> list[BulkBatch]:
    """The lines in batches of one provider each. Shuffled: the order of a list of persons must not show in the order
    of the rows that they leave in several databases (docs/threats.md)."""
    chance = secrets.SystemRandom()
    of_provider: dict[str, list[WaitingLine]] = {}
    for line, waiting in zip(lines, bulk_lines.with_events(lines), strict=True):
        of_provider.setdefault(line.provider, []).append(waiting)
    batches = []
    for local_code, theirs in of_provider.items():
        chance.shuffle(theirs)
        for start in range(0, len(theirs), BATCH):
            chosen = theirs[start : start + BATCH]
            batch = BulkBatch(bulk=bulk, provider=providers[local_code], size=len(chosen))
            batch.sealed = bulk_lines.seal_waiting(batch, chosen)
            batches.append(batch)
    chance.shuffle(batches)
    return batches
