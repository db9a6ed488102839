"""Seven years: what is older is deleted, and only that (article 23; the period is set by cabinet order).

The leaf and the tree stay for ever: they hold no personal data, and the log proves the same as before. The side row
goes, when every row of its event is old enough, so that no half of an event stands alone; the triggers of the database
refuse what is younger, whoever asks. The provider's and the inquirer's copies go by the same rule. Nothing is noted of
how far it came: what is left says it, so a killed run is simply started again.

Looks of clerks are not records of article 23. Who looked must be known for as long as there is something to look at, so
they stay while the register does, or for the years that LOOK_YEARS says, never fewer than seven. What changed trust is
no personal data, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from databases import EXCHANGE, HOLDINGS
from exchange.inquiry_models import Inquiry
from exchange.models import AccessRecord, AccessRecordQuerySet, Kind, Recall
from exchange.question_models import Question
from holdings.models import InquiryCopy, ProvisionCopy
from holdings.periods import legal_day

YEARS = 7
_BATCH = 500

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many rows of each kind were deleted."""

    copies: int
    records: int
    questions: int


def begins(at: datetime, years: int = YEARS) -> datetime:
    """What is older than this instant may go. Calendar years; from 29 February back to the 28th, a day more is kept."""
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, day=28)


def delete_expired(*, at: datetime, batch: int = _BATCH, progress: Progress | None = None) -> Deleted:
    """Delete what is older than seven years, in batches of one transaction each. The copies first: of a run that was
    killed in between, records without copies remain, and never a copy of an event that nobody can find any more."""
    limit, say = begins(at), progress or _silent
    expired = _expired(at)
    copies = (
        ProvisionCopy.objects.filter(at__lt=limit),
        InquiryCopy.objects.filter(on__lt=legal_day(limit)),
    )
    total, done_copies = sum(rows.count() for rows in (*copies, expired)), 0
    for rows in copies:
        for deleted in _deleted_copies(rows, batch):
            say(done_copies := done_copies + deleted, total)
    done_records = _delete_records(expired, batch, lambda done: say(done_copies + done, total))
    with transaction.atomic(using=EXCHANGE, durable=True):
        questions, _ = Question.objects.filter(asked_on__lt=legal_day(limit)).delete()
        Recall.objects.filter(at__lt=limit).delete()
        Inquiry.objects.filter(ended_at__lt=limit, is_settled=True).delete()
    return Deleted(done_copies, done_records, questions)


def _deleted_copies(expired: QuerySet[Any], batch: int) -> Iterator[int]:
    """How many at a time."""
    while ids := list(expired.order_by("id").values_list("id", flat=True)[:batch]):
        with transaction.atomic(using=HOLDINGS, durable=True):
            expired.filter(id__in=ids).delete()
        yield len(ids)


def _expired(at: datetime) -> AccessRecordQuerySet:
    """Records of events that are old enough as a whole."""
    limit = begins(at)
    younger = AccessRecord.objects.filter(event=OuterRef("event"), at__gte=limit)
    expired = AccessRecord.objects.filter(~Exists(younger), at__lt=limit).order_by("at", "leaf")
    expired = expired.exclude(kind=Kind.TRUST)
    if not settings.LOOK_YEARS:
        return expired.exclude(kind=Kind.LOOK)
    return expired.filter(~Q(kind=Kind.LOOK) | Q(at__lt=begins(at, max(YEARS, settings.LOOK_YEARS))))


def _delete_records(expired: AccessRecordQuerySet, batch: int, say: Callable[[int], None]) -> int:
    done = 0
    while leaves := list(expired.values_list("leaf_id", flat=True)[:batch]):
        with transaction.atomic(using=EXCHANGE, durable=True):
            AccessRecord.objects.filter(leaf__in=leaves).delete()
        say(done := done + len(leaves))
    return done


def _silent(done: int, total: int) -> None:
    """No one watches."""
