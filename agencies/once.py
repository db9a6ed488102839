"""What works once: the second use fails on a unique row, also where two arrive at the same moment."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction

from agencies.models import ApiClient, UsedOnce
from databases import EXCHANGE

ASSERTION = "assertion"
NONCE = "nonce"


class UsedBefore(Exception):
    """It has been used."""


def use(client: ApiClient, value: str, *, kind: str = ASSERTION, expires_at: datetime) -> None:
    """Use the client's value of this kind up. Until `expires_at` a second use raises UsedBefore."""
    digest = hashlib.sha256(f"{kind}\n{client.client_id}\n{value}".encode()).digest()
    try:
        with transaction.atomic(using=EXCHANGE):
            UsedOnce.objects.create(hash=digest, expires_at=expires_at)
    except IntegrityError:
        raise UsedBefore from None


def forget_expired(*, at: datetime) -> int:
    """Delete the marks of what no one would accept any more. Returns how many."""
    return UsedOnce.objects.filter(expires_at__lt=at).delete()[0]
