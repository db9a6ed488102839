"""How many questions agencies asked in a month. Counted from leaves, so there is nothing of a person in it."""

from __future__ import annotations

from django.db import models


class MonthlyCount(models.Model):
    """Inquiries of one kind of agency for one affair in one month of Japan's calendar, and how many were refused."""

    month = models.DateField(help_text="Its first day.")
    kind = models.CharField(max_length=20, help_text="Kind of the agencies that asked.")
    affair = models.CharField(max_length=16, blank=True, help_text="Empty: one that the law does not know.")
    asked = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "kind", "affair"], name="a_month_is_counted_once")]

    def __repr__(self) -> str:
        return "<MonthlyCount>"
