"""Changes of the permission table: proposed by one person, approved by another, and then never changed again."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Max, Q


class StatuteChangeQuerySet(models.QuerySet["StatuteChange"]):
    """Changes in the order in which they came into the table."""

    def approved(self) -> StatuteChangeQuerySet:
        return self.filter(state=StatuteChange.State.APPROVED).order_by("version")

    def waiting(self) -> StatuteChangeQuerySet:
        return self.filter(state=StatuteChange.State.PROPOSED).order_by("proposed_at")

    def version(self) -> int:
        """The number of the last approved change."""
        return self.aggregate(version=Max("version"))["version"] or 0


class StatuteChange(models.Model):
    """One row more, or the last day of a row that is there. A row is never edited: old records name it.

    Triggers in the database keep what was proposed and what was decided (migration 0007).
    """

    class Act(models.TextChoices):
        ADD = "ADD"
        CLOSE = "CLOSE"

    class State(models.TextChoices):
        PROPOSED = "PROPOSED"
        APPROVED = "APPROVED"
        REJECTED = "REJECTED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    act = models.CharField(max_length=5, choices=Act.choices)
    row = models.CharField(max_length=16)
    line = models.JSONField(default=dict, help_text="A row to add, as statute.csv writes it.")
    valid_to = models.DateField(null=True, help_text="The last day of a row that is closed.")
    agency = models.CharField(max_length=6, help_text="Local code of the agency whose clerk proposed it.")
    proposed_by = models.CharField(max_length=64, help_text="The clerk's pseudonym in the exchange.")
    proposed_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(null=True, unique=True)

    objects = StatuteChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="change_adds_a_row_or_ends_one",
                condition=(Q(act="ADD", valid_to__isnull=True) & ~Q(line={}))
                | Q(act="CLOSE", valid_to__isnull=False, line={}),
            ),
            models.CheckConstraint(
                name="change_is_decided_or_waits",
                condition=Q(state="PROPOSED", decided_by="", decided_at__isnull=True, version__isnull=True)
                | (Q(state="REJECTED", decided_at__isnull=False, version__isnull=True) & ~Q(decided_by=""))
                | (Q(state="APPROVED", decided_at__isnull=False, version__isnull=False) & ~Q(decided_by="")),
            ),
            models.CheckConstraint(
                name="change_is_approved_by_another",
                condition=~Q(state="APPROVED") | ~Q(decided_by=F("proposed_by")),
            ),
            models.UniqueConstraint(
                fields=["row"], condition=Q(act="ADD", state="APPROVED"), name="a_row_is_added_once"
            ),
        ]

    def __repr__(self) -> str:
        return "<StatuteChange>"

    @property
    def number(self) -> int:
        """The version of an approved change."""
        return self.version or 0
