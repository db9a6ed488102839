"""Inquiries that are not over when their request is, and those that may be repeated. No code of anyone is in here.

One that is answered at once and bears no reference has no row: the log is all that is kept of it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from agencies.models import Agency


class State(models.TextChoices):
    """ASKED and HELD are open; every other state is an end, and is reached once. FETCHED follows ANSWERED."""

    ASKED = "ASKED"
    HELD = "HELD"
    REFUSED = "REFUSED"
    ANSWERED = "ANSWERED"
    DECLINED = "DECLINED"
    TIMED_OUT = "TIMED_OUT"
    NOT_OBTAINED = "NOT_OBTAINED"
    CANCELLED = "CANCELLED"
    FETCHED = "FETCHED"


OPEN = (State.ASKED, State.HELD)
WITH_ANSWER = (State.ANSWERED, State.FETCHED)


class InquiryQuerySet(models.QuerySet["Inquiry"]):
    """Inquiries by where they stand."""

    def open(self) -> InquiryQuerySet:
        return self.filter(state__in=OPEN)

    def overdue(self, at: datetime) -> InquiryQuerySet:
        return self.open().filter(ends_at__lte=at)

    def unsettled(self) -> InquiryQuerySet:
        """Ended, but not everything that follows from the end is written: a process was killed in between."""
        return self.exclude(state__in=OPEN).filter(is_settled=False)


class Inquiry(models.Model):
    """Where one inquiry stands. What was asked, about whom and on what ground is in the log under the same event."""

    event = models.UUIDField(primary_key=True, editable=False)
    inquirer = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices)
    outcome = models.CharField(max_length=4, help_text="Result code: of the state while it is open, then of the end.")
    asked_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The deadline: then it ends by itself.")
    ended_at = models.DateTimeField(null=True)
    answer_sealed = models.BinaryField(null=True)
    answer_until = models.DateTimeField(null=True, help_text="Then the answer is erased.")
    reason_sealed = models.BinaryField(null=True, help_text="Why, until the record of the end has it.")
    is_settled = models.BooleanField(default=False, help_text="The end is on record, in all copies.")
    # Null and not empty: of those without a reference there may be many.
    reference = models.CharField(  # noqa: DJ001
        max_length=64, null=True, help_text="Keyed hash of the inquirer's own reference."
    )
    reference_sealed = models.BinaryField(null=True)
    content = models.CharField(max_length=64, blank=True, help_text="Keyed hash of what was asked under it.")
    claimed_until = models.DateTimeField(
        null=True, help_text="Until then a process is at it; later it is taken to be dead. Of those with a reference."
    )
    notice_due_at = models.DateTimeField(null=True)
    notice_tries = models.PositiveSmallIntegerField(default=0)

    objects = InquiryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inquirer", "reference"], name="one_inquiry_per_reference"),
            models.CheckConstraint(
                name="an_answer_lies_with_an_answered_inquiry",
                condition=Q(answer_sealed__isnull=True) | Q(state__in=WITH_ANSWER),
            ),
            models.CheckConstraint(
                name="an_inquiry_has_ended_or_is_open",
                condition=Q(state__in=OPEN, ended_at__isnull=True) | (~Q(state__in=OPEN) & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(state__in=OPEN), name="inquiry_open_until"),
            models.Index(
                fields=["provider", "ends_at"], condition=Q(state=State.HELD), name="inquiry_held_by_provider"
            ),
            models.Index(fields=["asked_at"], condition=Q(is_settled=False), name="inquiry_unsettled"),
            models.Index(fields=["answer_until"], name="inquiry_answer_until"),
            models.Index(fields=["notice_due_at"], name="inquiry_notice_due"),
        ]

    def __repr__(self) -> str:
        return "<Inquiry>"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class CallbackAddress(models.Model):
    """Where an agency wants to be told that one of its inquiries has ended."""

    agency = models.OneToOneField(Agency, on_delete=models.PROTECT, primary_key=True, related_name="+")
    url = models.CharField(max_length=500)
    registered_at = models.DateTimeField()

    def __repr__(self) -> str:
        return "<CallbackAddress>"
