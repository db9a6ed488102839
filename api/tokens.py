"""Access tokens: JWTs by the profile of RFC 9068, signed with this service's own Ed25519 key, good for five minutes.

A token names a client and the key that it is bound to (RFC 7800, `cnf.jkt`): every request with it must be signed by
that key, so that a stolen token opens nothing. What the client's agency may ask stands in the permission table and is
looked up at each request, so that a change of the table needs no new token.
"""

from __future__ import annotations

import base64
import re
import uuid
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from keys import custody

PURPOSE = "access-token"
_HEADER_TYPE = "at+jwt"
_ALGORITHM = "Ed25519"  # RFC 9864
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REGISTRY = JWSRegistry(algorithms=[_ALGORITHM])


class Bound(NamedTuple):
    """A client, and the thumbprint of the only key that may use its token."""

    client_id: str
    thumbprint: str


class TokenNotValid(Exception):
    """Not a token of this service."""


class TokenExpired(TokenNotValid):
    """A token of this service whose time is over."""


def issuer() -> str:
    return settings.PORTAL_ORIGIN


def audience() -> str:
    return f"{settings.PORTAL_ORIGIN}/api/"


def endpoint() -> str:
    """The address where tokens are given: the audience of a client's statement (RFC 7523 section 3)."""
    return f"{settings.PORTAL_ORIGIN}/api/oauth/token"


def issue(*, client_id: str, thumbprint: str, at: datetime) -> str:
    """A token for an authenticated client, bound to its key by the key's thumbprint (RFC 7638)."""
    key = custody.current(PURPOSE)
    claims = {
        "iss": issuer(),
        "aud": audience(),
        "sub": client_id,
        "client_id": client_id,
        "iat": int(at.timestamp()),
        "exp": int((at + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)).timestamp()),
        "jti": str(uuid.uuid4()),
        "cnf": {"jkt": thumbprint},
    }
    header = {"alg": _ALGORITHM, "typ": _HEADER_TYPE, "kid": str(key.id)}
    return jwt.encode(header, claims, _signing_key(key.material), registry=_REGISTRY)


def read(token: str, *, at: datetime) -> Bound:
    """What a token of ours says. Raises TokenExpired | TokenNotValid."""
    for key in custody.every(PURPOSE):
        try:
            decoded = jwt.decode(token, _signing_key(key.material), registry=_REGISTRY)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        return _checked(decoded.header, decoded.claims, at=at)
    raise TokenNotValid


def _checked(header: dict[str, Any], claims: dict[str, Any], *, at: datetime) -> Bound:
    expiry, client_id, confirmation = claims.get("exp"), claims.get("client_id"), claims.get("cnf")
    if header.get("typ") != _HEADER_TYPE or claims.get("iss") != issuer() or claims.get("aud") != audience():
        raise TokenNotValid
    if not isinstance(expiry, int) or not isinstance(client_id, str) or _UUID.fullmatch(client_id) is None:
        raise TokenNotValid
    if at.timestamp() >= expiry:
        raise TokenExpired
    thumbprint = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    if not isinstance(thumbprint, str):
        raise TokenNotValid
    return Bound(client_id, thumbprint)


@lru_cache(maxsize=8)
def _signing_key(material: bytes) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(material).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": _base64url(material), "x": _base64url(public)})


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
