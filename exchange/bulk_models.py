"""A bulk inquiry: what an agency handed in as one, and the batches in which it is worked through.

A batch holds lines for one provider, shuffled, in one sealed value: first the questions, and in their place the answers
as soon as each line has its outcome. So no code, line or event of a bulk stands in the database in clear, and nothing
orders the lines of one bulk.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from agencies.models import Agency

CLAIM = timedelta(minutes=2)  # how long a batch is in one worker's hands


class BulkQuerySet(models.QuerySet["Bulk"]):
    """Bulks in their agency's words."""

    def of(self, inquirer: Agency) -> BulkQuerySet:
        return self.filter(inquirer=inquirer)

    def unsettled(self) -> BulkQuerySet:
        """Some line has no outcome yet."""
        return self.filter(ended_at=None)


class Bulk(models.Model):
    """One hand-in. `reference` and `content` are keyed hashes: of the agency's own reference, and of all its lines."""

    class State(models.TextChoices):
        OPEN = "OPEN"
        CANCELLED = "CANCELLED"  # no further line is asked
        DONE = "DONE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    inquirer = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    reference = models.BinaryField()
    content = models.BinaryField()
    lines = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    evidence_sealed = models.BinaryField(default=b"")
    accepted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="Since when every line has its outcome.")
    erased_at = models.DateTimeField(null=True, help_text="Since when the answers are gone.")

    objects = BulkQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["inquirer", "accepted_at"], name="bulk_of_agency_by_day")]
        constraints = [
            models.UniqueConstraint(fields=["inquirer", "reference"], name="one_bulk_per_reference"),
            models.CheckConstraint(
                name="a_done_bulk_has_ended", condition=~Q(state="DONE") | Q(ended_at__isnull=False)
            ),
            models.CheckConstraint(
                name="only_an_ended_bulk_is_erased", condition=Q(erased_at__isnull=True) | Q(ended_at__isnull=False)
            ),
        ]

    def __repr__(self) -> str:
        return "<Bulk>"


class BulkBatchQuerySet(models.QuerySet["BulkBatch"]):
    """Batches, as who works on them sees them."""

    def waiting(self) -> BulkBatchQuerySet:
        return self.filter(state=BulkBatch.State.WAITING)

    def free(self, at: datetime) -> BulkBatchQuerySet:
        """Waiting, and in nobody's hands; a worker that died loses its claim when the time of it is over."""
        return self.waiting().filter(Q(claimed_until=None) | Q(claimed_until__lte=at))

    def still(self, batch: BulkBatch) -> BulkBatchQuerySet:
        """The batch itself, unless another has been given it meanwhile."""
        return self.waiting().filter(pk=batch.pk, attempts=batch.attempts)


class BulkBatch(models.Model):
    """Some lines of a bulk, all for one provider: asked together, answered together.

    `attempts` counts the claims. Whatever a worker writes here names the attempt that it has, so that one that was
    overtaken writes nothing.
    """

    class State(models.TextChoices):
        WAITING = "WAITING"
        SETTLED = "SETTLED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bulk = models.ForeignKey(Bulk, on_delete=models.PROTECT, related_name="batches")
    provider = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    size = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    sealed = models.BinaryField()
    outcomes = models.JSONField(default=dict, help_text="How many lines ended with which result code.")

    objects = BulkBatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_waiting_batch_has_no_outcome", condition=Q(state="SETTLED") | Q(outcomes={})
            ),
        ]

    def __repr__(self) -> str:
        return "<BulkBatch>"
