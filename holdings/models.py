"""Agencies' copies of specific personal information, each known by that agency's own code and sealed for it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from codes.fields import CodeField
from codes.rist1 import Code
from holdings.periods import Period
from holdings.record_models import ByHand as ByHand
from holdings.record_models import HostedKey as HostedKey
from holdings.record_models import InquiryCopy as InquiryCopy
from holdings.record_models import ProvisionCopy as ProvisionCopy
from holdings.record_models import WaitingQuestion as WaitingQuestion


class Withdrawal(models.TextChoices):
    """Why a copy was withdrawn. The ordinary end of a copy is the end of its publication, not a withdrawal."""

    WRONG_PERSON = "WRONG_PERSON", _("it was about another person")
    WRONG_CONTENT = "WRONG_CONTENT", _("what it said was wrong")
    NO_GROUND = "NO_GROUND", _("it should not have been held")


# Nothing comes in their place: it is as if there had been no copy. After WRONG_CONTENT the right one is awaited.
FOR_GOOD = (Withdrawal.WRONG_PERSON, Withdrawal.NO_GROUND)


class HoldingQuerySet(models.QuerySet["Holding"]):
    """Copies in the provider's words."""

    def of(self, *, agency: str, codes: Sequence[Code | str], data_set: str) -> HoldingQuerySet:
        """The copies of whom these codes name; one person's are hers in every epoch under which rows may lie."""
        return self.filter(agency=agency, code__in=codes, data_set=data_set)

    def published(self, on: date) -> HoldingQuerySet:
        """Copies whose publication has begun and not ended, and in whose place nothing else is awaited."""
        found = self.exclude(withdrawn_reason__in=FOR_GOOD)
        return found.filter(Q(published_to__isnull=True) | Q(published_to__gte=on), published_from__lte=on)

    def kept(self) -> HoldingQuerySet:
        """Copies that were not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

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
    layout_version = models.PositiveSmallIntegerField(null=True, help_text="Empty: written without a layout.")
    run = models.PositiveIntegerField(null=True, help_text="The agency's run that wrote it last.")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=13, blank=True, choices=Withdrawal.choices)

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
            models.CheckConstraint(
                name="a_withdrawal_has_a_reason",
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
            ),
        ]

    def __repr__(self) -> str:
        return "<Holding>"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def time(self) -> tuple[int | None, date | None]:
        """What tells the copies of one person and data set apart: the fiscal year, the first day of the period."""
        return self.fiscal_year, self.begins_on


class Registrar(models.Model):
    """One agency's runs are counted here, one after the other: its row is locked while a run is written."""

    agency = models.CharField(max_length=6, unique=True)
    runs = models.PositiveIntegerField(default=0)


class Run(models.Model):
    """One registration of an agency (登録処理): up to so many copies, all of them or none."""

    class Kind(models.TextChoices):
        INITIAL = "INITIAL", _("first registration")
        CHANGE = "CHANGE", _("the facts changed")
        CORRECTION = "CORRECTION", _("correction of a wrong copy")
        RE_REGISTRATION = "RE_REGISTRATION", _("registered again under a new layout")
        DELETION = "DELETION", _("withdrawal of a copy")

    agency = models.CharField(max_length=6)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=15, choices=Kind.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "number"], name="runs_are_counted_per_agency")]


class Registration(models.Model):
    """One copy as it was handed in, known by the agency's own reference: handed in again it changes nothing.

    It holds neither the code nor the content, only a digest, sealed: nobody can try out contents on it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.CharField(max_length=6)
    reference = models.CharField(max_length=64, help_text="The agency's reference as a keyed value.")
    run = models.PositiveIntegerField()
    holding = models.ForeignKey(Holding, on_delete=models.SET_NULL, null=True, related_name="+")
    digest_sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "reference"], name="a_reference_names_one_copy")]

    def __repr__(self) -> str:
        return "<Registration>"


class StopQuerySet(models.QuerySet["Stop"]):
    """Stops in the provider's words."""

    def in_force(self) -> StopQuerySet:
        return self.filter(resumed_at__isnull=True)

    def covering(self, *, agency: str, codes: Sequence[Code], data_set: str) -> StopQuerySet:
        """Stops for which this person's copies of the data set may not be answered from now."""
        found = self.in_force().filter(agency=agency, data_set=data_set)
        return found.filter(Q(code__isnull=True) | Q(code__in=codes))


class Stop(models.Model):
    """Until it is checked, nothing is answered from these copies: one person's, or all of the agency's data set."""

    class Reason(models.TextChoices):
        REPORTED = "REPORTED", _("somebody reported that it is wrong")
        IN_DOUBT = "IN_DOUBT", _("we doubt it ourselves")
        FAULT = "FAULT", _("a fault of our system")
        INSPECTION = "INSPECTION", _("it is being inspected")

    agency = models.CharField(max_length=6)
    data_set = models.CharField(max_length=16)
    code = CodeField(null=True, help_text="Empty: everybody.")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    by = models.CharField(max_length=32, blank=True, help_text="The clerk's pseudonym; empty: the agency's system.")
    at = models.DateTimeField()
    resumed_at = models.DateTimeField(null=True)

    # As for copies: a stop set under the new code stands for the former one.
    LATER_ROW_WINS = True

    objects = StopQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "agency",
                "data_set",
                Coalesce("code", models.Value("")),
                condition=Q(resumed_at__isnull=True),
                name="one_stop_in_force",
            )
        ]

    def __repr__(self) -> str:
        return "<Stop>"


class RecallNotice(models.Model):
    """Outbox: what was provided by this record turned out to be wrong, and its receiver does not know yet.

    Drained into the exchange (exchange.recalls), which alone knows whose record it is; deleted when it is there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.CharField(max_length=6)
    provision = models.UUIDField(help_text="The provider's own record.")
    data_set = models.CharField(max_length=16)
    reason = models.CharField(max_length=13, help_text="CORRECTED, or why the copy was withdrawn.")
    at = models.DateTimeField()

    def __repr__(self) -> str:
        return "<RecallNotice>"


class ProtectionQuerySet(models.QuerySet["Protection"]):
    """Protection flags in force."""

    def of(self, *, agency: str, codes: Sequence[Code | str], on: date) -> ProtectionQuerySet:
        """The flags of these persons that are in force on that day."""
        return self.filter(Q(until__isnull=True) | Q(until__gte=on), agency=agency, code__in=codes)

    def protects(self, *, agency: str, codes: Sequence[Code], on: date) -> bool:
        return self.of(agency=agency, codes=codes, on=on).exists()


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
