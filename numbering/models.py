"""The one room that knows Individual Numbers (Number Act art. 7 and 8).

Current and former numbers stand in one table, sealed, and none is ever deleted: a former number is never given again.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.models import Resident


class NumberState(models.TextChoices):
    CURRENT = "CURRENT", _("current")
    RETIRED = "RETIRED", _("former")


class ChangeReason(models.TextChoices):
    """Grounds for a new number: a leak with a risk of wrongful use (art. 7(2)). Taste is none."""

    CARD_LOST = "CARD_LOST", _("card lost or stolen")
    NOTICE_MISDELIVERED = "NOTICE_MISDELIVERED", _("notice delivered to the wrong person")
    NUMBER_LEAKED = "NUMBER_LEAKED", _("number leaked or wrongly shown")
    NUMBER_MISUSED = "NUMBER_MISUSED", _("number wrongly used")


class IssuedNumber(models.Model):
    """A number that was given to a resident. The number itself stands only inside `sealed`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField()
    # HMAC of the number under a key from custody: unique, and of no use to who has the table without the key.
    blind_index = models.BinaryField(unique=True)
    # The same under the next key, while the key is being changed (numbering/rotation.py).
    second_blind_index = models.BinaryField(unique=True, null=True)
    state = models.CharField(max_length=7, choices=NumberState.choices, default=NumberState.CURRENT)
    assigned_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=20, choices=ChangeReason.choices, blank=True)

    class Meta:
        verbose_name = _("Individual Number")
        verbose_name_plural = _("Individual Numbers")
        constraints = [
            models.UniqueConstraint(
                fields=["resident"], condition=Q(state="CURRENT"), name="one_current_number_per_resident"
            ),
            models.CheckConstraint(
                name="retired_with_reason",
                condition=Q(state="CURRENT", retired_at__isnull=True, reason="")
                | (Q(state="RETIRED", retired_at__isnull=False) & ~Q(reason="")),
            ),
        ]


class IndexKeys(models.Model):
    """Which key each index column is made with. One row; the second key only while it is being changed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    first_key = models.PositiveIntegerField()
    second_key = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="one_row_of_index_keys", condition=Q(id=1))]


class NumberChange(models.Model):
    """A change of number on suspected leak: one clerk requests it, another approves it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=20, choices=ChangeReason.choices)
    requested_by = models.CharField(_("requested by"), max_length=64)
    requested_at = models.DateTimeField(_("requested at"))
    approved_by = models.CharField(_("approved by"), max_length=64, null=True, blank=True)  # noqa: DJ001 - open request
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of number")
        verbose_name_plural = _("changes of number")
        constraints = [
            models.CheckConstraint(
                name="number_changed_by_two_clerks",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("requested_by"))),
            ),
            models.UniqueConstraint(
                fields=["resident"], condition=Q(approved_at__isnull=True), name="one_open_change_per_resident"
            ),
        ]


class Unmasking(models.Model):
    """That someone was shown a whole number: who, when, and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issued_number = models.ForeignKey(IssuedNumber, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(_("by"), max_length=64)
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("unmasking")
        verbose_name_plural = _("unmaskings")
        constraints = [models.CheckConstraint(name="unmasked_for_a_reason", condition=~Q(reason=""))]


class PersonSecret(models.Model):
    """256 random bits, the only root of a person's codes. Not the number: it stays when the number changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident = models.OneToOneField(Resident, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField()


class IssuedCode(models.Model):
    """That an agency was given a code for a person, never the code. Without `issued_at` it is still to be issued."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+")
    agency = models.CharField(max_length=6)
    epoch = models.PositiveIntegerField()
    # The agency's own id of the person, for the delivery only: emptied once the code is issued.
    local_id = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident", "agency", "epoch"], name="one_code_per_agency_and_epoch"),
            models.CheckConstraint(name="local_id_until_issued", condition=Q(issued_at__isnull=True) | Q(local_id="")),
        ]
        indexes = [
            models.Index(fields=["requested_at"], condition=Q(issued_at__isnull=True), name="codes_to_issue"),
        ]


class CorporateNumber(models.Model):
    """A Corporate Number (art. 39): public, 13 digits, check digit first."""

    class Kind(models.TextChoices):
        NATIONAL = "NATIONAL", _("national organ")
        LOCAL = "LOCAL", _("local government")
        REGISTERED = "REGISTERED", _("registered corporation")
        OTHER = "OTHER", _("other body")

    number = models.CharField(_("Corporate Number"), max_length=13, primary_key=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)

    class Meta:
        verbose_name = _("Corporate Number")
        verbose_name_plural = _("Corporate Numbers")
