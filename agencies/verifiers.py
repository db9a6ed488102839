"""Who may ask about the status of certificates: registered verifiers, each for one kind (JPKI Act, articles 17, 36).

A verifier's client proves itself as at the agencies' API (RFC 7523) and gets a token for a quarter of an hour, which
plain status clients can send along. The registration is looked up at each use, so its end takes effect at once.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import transaction
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from agencies import clients
from agencies.models import ApiClient, Verifier
from databases import EXCHANGE
from databases.reading import fetch
from keys import custody

KEY_PURPOSE = "status-token"
LIFETIME = timedelta(minutes=15)
_ALGORITHM = "HS256"  # made and read behind one door only


class NotAVerifier(Exception):
    """The token is none of ours or has ended, or its client is not registered."""


def register(*, client: ApiClient, kind: str, at: datetime) -> Verifier:
    """Enter the client; twice is the same as once."""
    with transaction.atomic(using=EXCHANGE, durable=True):
        row, _ = Verifier.objects.get_or_create(
            client=client, kind=Verifier.Kind(kind), ended_at=None, defaults={"registered_at": at}
        )
    return row


def end(*, client: ApiClient, kind: str, at: datetime) -> bool:
    """Strike the client off; its tokens open nothing from now on. Returns whether it was registered."""
    return bool(Verifier.objects.filter(client=client, kind=kind, ended_at=None).update(ended_at=at))


def endpoint() -> str:
    """Where tokens are given: the audience of a client's statement."""
    return f"{settings.PKI_ORIGIN}/pki/token"


def token_for(assertion: str, *, at: datetime) -> str:
    """A token for a registered client that proves itself. Raises NotAVerifier, clients.AssertionNotAccepted."""
    client = clients.authenticate(assertion, endpoint(), at)
    if not Verifier.objects.filter(client=client, ended_at=None).exists():
        raise NotAVerifier
    claims = {"aud": endpoint(), "sub": str(client.client_id), "exp": int((at + LIFETIME).timestamp())}
    return jwt.encode({"alg": _ALGORITHM}, claims, _key(custody.current(KEY_PURPOSE)), algorithms=[_ALGORITHM])


def kinds_of(token: str, *, at: datetime) -> frozenset[str]:
    """What the token's client may ask about. Raises NotAVerifier."""
    kinds = frozenset(kind for (kind,) in fetch(EXCHANGE, _query(), [_client_id(token, at=at)]))
    if not kinds:
        raise NotAVerifier
    return kinds


@cache
def _query() -> str:
    """The kinds of one client. Written once by the mapper, for it is asked at each question about a certificate."""
    client = {"client__client_id": uuid.UUID(int=0), "client__is_active": True, "client__agency__is_active": True}
    statement, values = Verifier.objects.filter(ended_at=None, **client).values_list("kind").query.sql_with_params()
    assert len(values) == 1  # noqa: S101 - what is not the client stands in the statement
    return str(statement)


def _client_id(token: str, *, at: datetime) -> uuid.UUID:
    for key in custody.every(KEY_PURPOSE):
        try:
            claims = jwt.decode(token, _key(key), algorithms=[_ALGORITHM]).claims
            if claims["aud"] == endpoint() and at.timestamp() < claims["exp"]:
                return uuid.UUID(claims["sub"])
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    raise NotAVerifier


def _key(key: custody.Key) -> OctKey:
    return OctKey.import_key(key.material)
