"""What lies beside the copies: records of what was provided and asked, questions that wait, and deposited keys."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.db.models import Q

from codes.fields import CodeField
from codes.rist1 import Code
from holdings.periods import Period


class ProvisionCopy(models.Model):
    """The provider's own record of a provision (article 23(1)), under an id that no other copy of the event bears.

    Where the provider answered from its own system, its record lies there, and this is the copy of what it said.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    agency = models.CharField(max_length=6)
    code = CodeField(null=True, help_text="Empty where nobody here knows it: asked blind, or written after a crash.")
    inquirer = models.CharField(max_length=6, blank=True, help_text="Empty where the person is protected.")
    data_set = models.CharField(max_length=16)
    items = models.CharField(max_length=2000)
    outcome = models.CharField(max_length=4)
    is_withheld = models.BooleanField(default=False, help_text="Not disclosed to the person (article 23(2)).")
    at = models.DateTimeField()
    fiscal_year = models.PositiveSmallIntegerField(null=True, help_text="Of the copy that was provided.")
    begins_on = models.DateField(null=True, help_text="Of the copy that was provided.")

    class Meta:
        indexes = [models.Index(fields=["agency", "code"], name="provision_of_person")]

    def __repr__(self) -> str:
        return "<ProvisionCopy>"


class InquiryCopy(models.Model):
    """The inquirer's own record of what it asked (article 23(1)), under the reference that its answer bore.

    Everything is sealed, also whose it is and the hour: by the order of rows alone a thief would else learn who asked
    about a protected person. The reference is the only way in, and the agency in the sealed facts the only reader.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    sealed = models.BinaryField()
    on = models.DateField(db_index=True, help_text="The day in Japan: it is kept for seven years from then.")

    def __repr__(self) -> str:
        return "<InquiryCopy>"


class ByHandQuerySet(models.QuerySet["ByHand"]):
    """Marks that keep an answer from being automatic."""

    def of(self, *, agency: str, codes: Sequence[Code], data_set: str) -> ByHandQuerySet:
        """Those that concern this person and data set: her own mark, or the data set's."""
        return self.filter(Q(code__in=codes) | Q(code__isnull=True), agency=agency, data_set=data_set)


class ByHand(models.Model):
    """The agency does not answer automatically: about this person from this data set, or from it at all (no code)."""

    agency = models.CharField(max_length=6)
    code = CodeField(null=True)
    data_set = models.CharField(max_length=16)

    # While codes enter a new epoch: a mark set under the new code replaces the former one.
    LATER_ROW_WINS = True

    objects = ByHandQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "data_set", "code"], name="one_mark_per_person_and_data_set"),
            models.UniqueConstraint(
                fields=["agency", "data_set"], condition=Q(code__isnull=True), name="one_mark_per_data_set"
            ),
        ]

    def __repr__(self) -> str:
        return "<ByHand>"


class WaitingQuestion(models.Model):
    """A permitted inquiry that a clerk or the system of the provider must decide. Deleted when it is over.

    Its id is that of the provider's own record, which is written in the same transaction.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    agency = models.CharField(max_length=6)
    code = CodeField()
    inquirer = models.CharField(max_length=6, blank=True, help_text="Empty where the person is protected.")
    data_set = models.CharField(max_length=16)
    items = models.CharField(max_length=2000)
    fiscal_year = models.PositiveSmallIntegerField(null=True)
    begins_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    is_withheld = models.BooleanField(default=False)
    at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "ends_at"], name="waiting_of_agency")]

    def __repr__(self) -> str:
        return "<WaitingQuestion>"

    @property
    def condition(self) -> Period:
        return Period(self.fiscal_year, self.begins_on, self.ends_on)


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
