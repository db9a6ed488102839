"""A provider's own system that fails again and again is left alone for a while, by all processes together.

Closed: it is asked. Open, after so many failures in a row: nobody asks it until `retry_at`. Half open, from then on:
one inquiry tries, and its end closes the breaker or opens it again. Who tries moves `retry_at` first, by an UPDATE that
only one of many can make, and a process killed while it tries holds up nobody for longer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from agencies.models import Agency, ProviderBreaker


class State(StrEnum):
    """Whether a provider is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


def state(agency: Agency, *, at: datetime | None = None) -> State:
    """The provider's state, for those who look after it."""
    return _state_of(ProviderBreaker.objects.filter(agency=agency).first(), at or timezone.now())


def lets_through(agency: Agency, *, at: datetime) -> bool:
    """Whether the provider may be asked now; where it is half open, only the first who asks may."""
    row = ProviderBreaker.objects.filter(agency=agency).first()
    match _state_of(row, at):
        case State.CLOSED:
            return True
        case State.OPEN:
            return False
    mine = ProviderBreaker.objects.filter(agency=agency, failures__gt=0, retry_at=row.retry_at if row else None)
    return mine.update(retry_at=_later(at)) == 1


def failed(agency: Agency, *, at: datetime) -> None:
    """It did not answer, or not as it should."""
    ProviderBreaker.objects.get_or_create(agency=agency)
    ProviderBreaker.objects.filter(agency=agency).update(failures=F("failures") + 1, retry_at=_later(at))


def answered(agency: Agency) -> None:
    """It answered: whatever was counted is forgotten. Writes nothing where nothing was counted."""
    ProviderBreaker.objects.filter(agency=agency, failures__gt=0).update(failures=0, retry_at=None)


def _later(at: datetime) -> datetime:
    return at + timedelta(seconds=settings.PROVIDER_BREAKER_SECONDS)


def _state_of(row: ProviderBreaker | None, at: datetime) -> State:
    if row is None or row.retry_at is None or row.failures < settings.PROVIDER_BREAKER_FAILURES:
        return State.CLOSED
    return State.OPEN if at < row.retry_at else State.HALF_OPEN
