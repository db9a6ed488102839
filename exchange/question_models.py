"""What a citizen asked about one of her records, and what she was told.

Her words, the answers and where to tell her lie sealed and are erased some time after the end; what remains says which
agency was asked when, and whether it answered in time. There is no code of hers here, not even sealed.
"""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency


class QuestionQuerySet(models.QuerySet["Question"]):
    """Questions in the words of those who ask for them."""

    def about(self, subject: bytes) -> QuestionQuerySet:
        return self.filter(subject=subject)

    def open(self) -> QuestionQuerySet:
        return self.exclude(state=Question.State.CLOSED)

    def to(self, agency: Agency) -> QuestionQuerySet:
        """Those that this agency was asked and that were not passed on."""
        return self.filter(agency=agency).exclude(state=Question.State.ESCALATED)

    def waiting(self) -> QuestionQuerySet:
        """Those that the agency has not answered yet, the first deadline first."""
        return self.filter(state=Question.State.ASKED).order_by("answer_by", "id")

    def overdue(self, on: date) -> QuestionQuerySet:
        return self.waiting().filter(answer_by__lt=on)

    def passed_on(self) -> QuestionQuerySet:
        """Those that the commission is to answer, the oldest first."""
        return self.filter(state=Question.State.ESCALATED).order_by("escalated_at", "id")


class Question(models.Model):
    """One question about one event; a second one only when the first is closed."""

    class State(models.TextChoices):
        ASKED = "ASKED", _("asked")
        ANSWERED = "ANSWERED", _("answered")
        ESCALATED = "ESCALATED", _("passed to the commission")
        CLOSED = "CLOSED", _("closed")

    class Ground(models.TextChoices):
        UNCLEAR = "UNCLEAR", _("I do not know why")
        NOT_ME = "NOT_ME", _("It was not me who applied")
        WRONG = "WRONG", _("The data are wrong")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.UUIDField(db_index=True)
    subject = models.BinaryField()
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", help_text="Who has to answer.")
    ground = models.CharField(max_length=10, choices=Ground.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    asked_on = models.DateField()
    number_of_day = models.PositiveSmallIntegerField(help_text="Counts the person's questions of that day from 1.")
    answer_by = models.DateField(help_text="The last day for the agency's answer.")
    answered_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    text_sealed = models.BinaryField(null=True)
    answer_sealed = models.BinaryField(null=True)
    ruling_sealed = models.BinaryField(null=True, help_text="The commission's answer.")
    reply_sealed = models.BinaryField(null=True, help_text="The mailbox in which she is told; opened outside.")
    to_be_told = models.BooleanField(default=False, help_text="An answer is there of which she has no letter yet.")

    objects = QuestionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["agency", "answer_by"], name="questions_of_agency"),
            models.Index(fields=["answer_by"], condition=Q(state="ASKED"), name="questions_waiting"),
            models.Index(fields=["id"], condition=Q(to_be_told=True), name="answers_to_be_told"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event"], condition=~Q(state="CLOSED"), name="one_open_question_per_event"),
            models.UniqueConstraint(fields=["subject", "asked_on", "number_of_day"], name="questions_of_a_day_counted"),
            models.CheckConstraint(
                name="a_question_in_this_state_has_its_times",
                condition=Q(state="ASKED", answered_at=None, escalated_at=None, closed_at=None)
                | Q(state="ANSWERED", answered_at__isnull=False, escalated_at=None, closed_at=None)
                | Q(state="ESCALATED", escalated_at__isnull=False, closed_at=None)
                | Q(state="CLOSED", closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_state_display())

    def __repr__(self) -> str:
        return "<Question>"

    def is_overdue(self, on: date) -> bool:
        return self.state == self.State.ASKED and self.answer_by < on

    def may_be_passed_on(self, on: date) -> bool:
        """After the deadline, or when the answer does not satisfy her."""
        return self.state == self.State.ANSWERED or self.is_overdue(on)

    def context(self, column: str) -> str:
        """Where a sealed column belongs (see keys.sealing)."""
        return f"exchange.Question.{column}:{self.pk}"
