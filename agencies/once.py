"""What works once: the second use fails on a unique row, also where two arrive at the same moment."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import connections

from agencies.models import ApiClient, UsedOnce
from databases import EXCHANGE

ASSERTION = "assertion"
NONCE = "nonce"
# One statement, one trip, one commit.
_INSERT = "INSERT INTO agencies_usedonce (hash, expires_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"


class UsedBefore(Exception):
    """It has been used."""


def use(client: ApiClient, value: str, *, kind: str = ASSERTION, expires_at: datetime) -> None:
    """Use the client's value of this kind up. Until `expires_at` a second use raises UsedBefore."""
    digest = hashlib.sha256(f"{kind}\n{client.client_id}\n{value}".encode()).digest()
    connection = connections[EXCHANGE]
    values = [connection.Database.Binary(digest), connection.ops.adapt_datetimefield_value(expires_at)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        if cursor.rowcount == 0:
            raise UsedBefore


def forget_expired(*, at: datetime) -> int:
    """Delete the marks of what no one would accept any more. Returns how many."""
    return UsedOnce.objects.filter(expires_at__lt=at).delete()[0]
