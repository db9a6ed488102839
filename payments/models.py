"""Bills, payments and the double-entry journal.

What a thief of the database learns: amounts, due days, agencies and times by the portal's code. What a bill is for
and the agency's reference are sealed. The journal is append-only and each posting sums to zero, by triggers on both
engines (migration 0002).
"""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from codes.fields import CodeField
from notifications.envelope import open_for
from payments.states import ChargeState, PaymentState

if TYPE_CHECKING:
    from accounts.models import User

# 99,999,999 yen: more than any bill of a municipality to a person, and a guard against a slipped comma.
LARGEST_AMOUNT = 99_999_999
ORDER_VALID = datetime.timedelta(minutes=30)


class ChargeQuerySet(models.QuerySet["Charge"]):
    """Bills in the words of those who ask for them."""

    def of(self, user: User) -> ChargeQuerySet:
        """A citizen's own bills; a clerk's account has none."""
        if user.portal_code is None:
            return self.none()
        return self.filter(portal_code=user.portal_code)

    def open(self) -> ChargeQuerySet:
        return self.filter(state=ChargeState.ISSUED)

    def overdue(self, on: datetime.date) -> ChargeQuerySet:
        return self.open().filter(due_on__lt=on)


class Charge(models.Model):
    """A bill that an agency issued to a person. It can be paid once."""

    State = ChargeState

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portal_code = CodeField(db_index=True, editable=False)
    agency = models.CharField(max_length=6, help_text="The issuing agency, by its local code.")
    reference = models.CharField(max_length=64, help_text="The agency's reference as a keyed value, never as written.")
    reference_sealed = models.BinaryField()
    title_sealed = models.BinaryField()
    amount = models.PositiveIntegerField(help_text="Yen.")
    due_on = models.DateField()
    issued_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ChargeState.choices, default=ChargeState.ISSUED)
    closed_at = models.DateTimeField(null=True, help_text="When it was paid, cancelled or time-barred.")

    objects = ChargeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_bill_per_reference", fields=["agency", "reference"]),
            models.CheckConstraint(
                name="bill_has_an_amount", condition=Q(amount__gte=1) & Q(amount__lte=LARGEST_AMOUNT)
            ),
            models.CheckConstraint(
                name="open_bill_is_not_closed",
                condition=Q(state=ChargeState.ISSUED, closed_at=None)
                | (~Q(state=ChargeState.ISSUED) & Q(closed_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_state_display())

    def __repr__(self) -> str:
        return "<Charge>"

    @property
    def title(self) -> str:
        return self._open("title", self.title_sealed)

    @property
    def agency_reference(self) -> str:
        """The agency's reference as it wrote it, for the person to quote."""
        return self._open("reference", self.reference_sealed)

    def is_open(self) -> bool:
        return self.state == ChargeState.ISSUED

    def is_overdue(self, on: datetime.date) -> bool:
        return self.is_open() and self.due_on < on

    def context(self, column: str) -> str:
        """Where a sealed column belongs (see keys.sealing)."""
        return f"payments.Charge.{column}:{self.pk}"

    def _open(self, column: str, sealed: bytes) -> str:
        return open_for(self.pk, sealed, context=self.context(column)).decode()


class Payment(models.Model):
    """One attempt to pay a bill at a provider. Its order token is all that the provider knows of the person."""

    State = PaymentState

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=20)
    order = models.CharField(max_length=43, unique=True, help_text="A random token of 32 bytes.")
    amount = models.PositiveIntegerField(help_text="Yen.")
    started_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=PaymentState.choices, default=PaymentState.STARTED)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="bill_is_paid_once", fields=["charge"], condition=Q(state=PaymentState.SUCCEEDED)
            ),
            models.UniqueConstraint(
                name="one_open_order_per_bill", fields=["charge"], condition=Q(state=PaymentState.STARTED)
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_state_display())

    def __repr__(self) -> str:
        return "<Payment>"

    @property
    def valid_until(self) -> datetime.datetime:
        """Until when the order can be confirmed at the provider."""
        return self.started_at + ORDER_VALID

    def is_waiting(self, at: datetime.datetime) -> bool:
        """Whether the provider may still tell us of this order."""
        return self.state == PaymentState.STARTED and at < self.valid_until


class ProviderEvent(models.Model):
    """An event that a provider told us and that we took. The same id again is the same event, answered the same."""

    class Outcome(models.TextChoices):
        ACCEPTED = "ACCEPTED", _("accepted")
        RETURNED = "RETURNED", _("returned")
        NOTED = "NOTED", _("noted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=20)
    event = models.CharField(max_length=64, help_text="The provider's id of the event.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body, in hex: the same id must say the same.")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="event_is_taken_once", fields=["provider", "event"])]

    def __str__(self) -> str:
        return str(self.get_outcome_display())


class Journal(models.Model):
    """The head of one posting. Its lines are written first: the head is refused unless they sum to zero."""

    class Kind(models.TextChoices):
        ISSUED = "ISSUED", _("bill issued")
        PAID = "PAID", _("bill paid")
        CANCELLED = "CANCELLED", _("bill cancelled")
        EXPIRED = "EXPIRED", _("bill time-barred")
        RECEIVED_TWICE = "RECEIVED_TWICE", _("money received for a bill that needed none")
        RETURNED = "RETURNED", _("money returned")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="+", null=True)
    posted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_posting_per_bill_and_kind", fields=["charge", "kind"], condition=Q(payment=None)
            ),
            models.UniqueConstraint(
                name="one_posting_per_payment_and_kind", fields=["payment", "kind"], condition=~Q(payment=None)
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Line(models.Model):
    """One side of a posting: a debit above zero, a credit below. Yen."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The key is checked at commit (deferred on both engines), which is why lines can come before their head.
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="lines")
    account = models.CharField(max_length=40, db_index=True)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="line_moves_something", condition=~Q(amount=0))]

    def __str__(self) -> str:
        return self.account
