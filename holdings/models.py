"""Agencies' copies of specific personal information, each known by that agency's own code and sealed for it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from codes.fields import CodeField
from codes.rist1 import Code
from holdings.periods import Period


class HoldingQuerySet(models.QuerySet["Holding"]):
    """Copies in the provider's words."""

    def of(self, *, agency: str, codes: Sequence[Code | str], data_set: str) -> HoldingQuerySet:
        """The copies of whom these codes name; one person's are hers in every epoch under which rows may lie."""
        return self.filter(agency=agency, code__in=codes, data_set=data_set)

    def published(self, on: date) -> HoldingQuerySet:
        """Copies whose publication has begun and not ended."""
        return self.filter(Q(published_to__isnull=True) | Q(published_to__gte=on), published_from__lte=on)

    def meeting(self, condition: Period) -> HoldingQuerySet:
        """Copies for the fiscal year asked for, or whose period touches the period asked for."""
        found = self
        if condition.fiscal_year is not None:
            found = found.filter(fiscal_year=condition.fiscal_year)
        if condition.ends_on is not None:
            found = found.filter(Q(begins_on__isnull=True) | Q(begins_on__lte=condition.ends_on))
        if condition.begins_on is not None:
            found = found.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=condition.begins_on))
        return found

    def newest_first(self) -> HoldingQuerySet:
        return self.order_by(F("fiscal_year").desc(nulls_last=True), F("begins_on").desc(nulls_last=True))


class Holding(models.Model):
    """One agency's copy of one data set about one person, for one fiscal year or period."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.CharField(max_length=6)
    code = CodeField()
    data_set = models.CharField(max_length=16)
    fiscal_year = models.PositiveSmallIntegerField(null=True)
    begins_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    payload_sealed = models.BinaryField()
    published_from = models.DateField()
    published_to = models.DateField(null=True)

    # While codes enter a new epoch (codes.columns): a copy registered under the new code replaces the former one.
    LATER_ROW_WINS = True

    objects = HoldingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "agency",
                "data_set",
                "code",
                Coalesce("fiscal_year", 0),
                Coalesce("begins_on", date.min),
                name="one_copy_per_period",
            ),
            models.CheckConstraint(
                name="holding_period_runs_forward",
                condition=Q(begins_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("begins_on")),
            ),
        ]

    def __repr__(self) -> str:
        return "<Holding>"


class ProtectionQuerySet(models.QuerySet["Protection"]):
    """Protection flags in force."""

    def of_any(self, *, agency: str, codes: Sequence[Code | str], on: date) -> set[Code]:
        """Which of these codes are of protected persons."""
        return set(self._in_force(agency, codes, on).values_list("code", flat=True))

    def protects(self, *, agency: str, codes: Sequence[Code], on: date) -> bool:
        return self._in_force(agency, codes, on).exists()

    def _in_force(self, agency: str, codes: Sequence[Code | str], on: date) -> ProtectionQuerySet:
        return self.filter(Q(until__isnull=True) | Q(until__gte=on), agency=agency, code__in=codes)


class Protection(models.Model):
    """This person is protected (victims of domestic violence): this agency's papers must not name the asker."""

    agency = models.CharField(max_length=6)
    code = CodeField()
    until = models.DateField(null=True, help_text="The last day; empty while no end is set.")

    # As above: the flag under the new code was written from the register since.
    LATER_ROW_WINS = True

    objects = ProtectionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "code"], name="one_protection_per_person_and_agency")]

    def __repr__(self) -> str:
        return "<Protection>"


class ProvisionCopy(models.Model):
    """The provider's own record of a provision (article 23(1)), under an id that no other copy of the event bears."""

    id = models.UUIDField(primary_key=True, editable=False)
    agency = models.CharField(max_length=6)
    code = CodeField()
    inquirer = models.CharField(max_length=6, blank=True, help_text="Empty where the person is protected.")
    data_set = models.CharField(max_length=16)
    items = models.CharField(max_length=2000)
    outcome = models.CharField(max_length=4)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "code"], name="provision_of_person")]

    def __repr__(self) -> str:
        return "<ProvisionCopy>"


class HostedKey(models.Model):
    """A hosted agency's private key for codes, deposited by it so that its copies can be asked for blind.

    One row for each key, so that a new one can be deposited before it is registered.
    """

    agency = models.CharField(max_length=6)
    public_key = models.BinaryField()
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "public_key"], name="one_row_per_hosted_key")]

    def __repr__(self) -> str:
        return "<HostedKey>"
