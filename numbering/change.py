"""Change of number on suspected leak (Number Act art. 7(2)): one clerk requests it, another one approves it.

The old number is retired, never deleted, and never given to anyone again.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from databases import REGISTRY
from numbering.assignment import issue_next
from numbering.models import ChangeReason, IssuedNumber, NumberChange, NumberState
from residents.models import Resident


class ChangeRefused(Exception):
    """The number cannot be changed like this; nothing was changed."""

    message = _("The number cannot be changed.")

    def __str__(self) -> str:
        return str(self.message)


class NoGround(ChangeRefused):
    message = _("The number can only be changed for one of the grounds of the law.")


class NoNumber(ChangeRefused):
    message = _("This person has no Individual Number.")


class AnotherChangeOpen(ChangeRefused):
    message = _("A change for another reason is already requested.")


class SameClerk(ChangeRefused):
    message = _("A second clerk must approve the change of number.")


def request(*, resident: Resident, reason: str, by: str, at: datetime) -> NumberChange:
    """Ask for a new number. The same request again finds the open one. Raises ChangeRefused."""
    if reason not in ChangeReason.values:
        raise NoGround
    with transaction.atomic(using=REGISTRY, durable=True):
        Resident.objects.select_for_update().get(pk=resident.pk)
        if not IssuedNumber.objects.filter(resident=resident, state=NumberState.CURRENT).exists():
            raise NoNumber
        change, _made = NumberChange.objects.get_or_create(
            resident=resident,
            approved_at=None,
            defaults={"reason": reason, "requested_by": by, "requested_at": at},
        )
        if change.reason != reason:
            raise AnotherChangeOpen
        return change


def approve(*, change: NumberChange, by: str, at: datetime) -> IssuedNumber:
    """Retire the number and issue the next one. Approving again returns the current number. Raises SameClerk."""
    with transaction.atomic(using=REGISTRY, durable=True):
        change = NumberChange.objects.select_for_update().select_related("resident").get(pk=change.pk)
        if by == change.requested_by:
            raise SameClerk
        if change.approved_at is None:
            IssuedNumber.objects.filter(resident=change.resident, state=NumberState.CURRENT).update(
                state=NumberState.RETIRED, retired_at=at, reason=change.reason
            )
            change.approved_by, change.approved_at = by, at
            change.save(update_fields=["approved_by", "approved_at"])
        return issue_next(resident=change.resident, at=at)
