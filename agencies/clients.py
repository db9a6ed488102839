"""An agency's program proves who it is: a JWT signed with its own key, used once (RFC 7523, private_key_jwt)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from agencies import once
from agencies.models import Agency, ApiClient
from databases import EXCHANGE

LONGEST_LIFE = timedelta(seconds=60)
CLOCK_SKEW = timedelta(seconds=5)
_LONGEST_ASSERTION = 4096
_LONGEST_JTI = 255


class NotAPublicKey(ValueError):
    """The JWK is not a public key of a kind that we accept, or carries its private part."""


class AssertionNotAccepted(Exception):
    """The assertion proves nothing: unknown client, wrong signature, audience or time, or used before."""


def register(*, agency: Agency, jwk: Mapping[str, Any]) -> ApiClient:
    """Make a client of the agency known by its public key (EC P-256 or OKP Ed25519). Raises NotAPublicKey."""
    return ApiClient.objects.create(agency=agency, jwk=_key(jwk)[0].as_dict(private=False))


def end(*, client: ApiClient) -> None:
    """The client opens nothing any more: neither its tokens nor its signatures are taken from now on."""
    client.is_active = False
    client.save(using=EXCHANGE, update_fields=["is_active"])


def thumbprint_of(jwk: Mapping[str, Any]) -> str:
    """The name of a public key (RFC 7638). Raises NotAPublicKey."""
    return _key(jwk)[0].thumbprint()


def authenticate(assertion: str, audience: str, at: datetime) -> ApiClient:
    """The client that signed the assertion for this audience. Raises AssertionNotAccepted; the reason is in no answer.

    `iss` and `sub` are the client's id, `exp` is at most a minute ahead, `jti` is used once.
    """
    client = _claimed_client(assertion)
    key, algorithms = _key(client.jwk)
    try:
        claims = jwt.decode(assertion, key, algorithms=algorithms).claims
    except (JoseError, ValueError) as error:
        raise AssertionNotAccepted("The signature does not fit.") from error
    _check(claims, client=client, audience=audience, at=at)
    try:
        once.use(client, claims["jti"], expires_at=datetime.fromtimestamp(claims["exp"], UTC) + CLOCK_SKEW)
    except once.UsedBefore:
        raise AssertionNotAccepted("The assertion was used before.") from None
    return client


def key_of(client: ApiClient) -> tuple[ECKey | OKPKey, list[str]]:
    """The public key that the client is known by, and the names of the one algorithm that it signs with."""
    return _key(client.jwk)


def thumbprint(client: ApiClient) -> str:
    """The name of the client's key (RFC 7638): what a token for it is bound to."""
    return thumbprint_of(client.jwk)


def _claimed_client(assertion: str) -> ApiClient:
    """The client that the assertion says it is from, unproved."""
    try:
        if len(assertion) > _LONGEST_ASSERTION:
            raise ValueError
        claims = json.loads(jws.extract_compact(assertion.encode()).payload)
        client_id = uuid.UUID(claims["iss"])
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise AssertionNotAccepted("Not a client assertion.") from None
    client = ApiClient.objects.select_related("agency").filter(client_id=client_id).first()
    if client is None or not client.is_usable:
        raise AssertionNotAccepted("The client is not known.")
    return client


def _check(claims: Mapping[str, Any], *, client: ApiClient, audience: str, at: datetime) -> None:
    expiry, issued, jti, audiences = claims.get("exp"), claims.get("iat"), claims.get("jti"), claims.get("aud")
    now = at.timestamp()
    skew = CLOCK_SKEW.total_seconds()
    facts = (
        claims.get("iss") == claims.get("sub") == str(client.client_id),
        audience in (audiences if isinstance(audiences, list) else [audiences]),
        type(expiry) is int and now - skew < expiry <= now + LONGEST_LIFE.total_seconds() + skew,
        issued is None or (type(issued) is int and issued <= now + skew),
        isinstance(jti, str) and 0 < len(jti) <= _LONGEST_JTI,
    )
    if not all(facts):
        raise AssertionNotAccepted("The claims do not fit.")


def _key(jwk: Mapping[str, Any]) -> tuple[ECKey | OKPKey, list[str]]:
    """The public key and the names of the one algorithm that it signs with: the caller's header chooses nothing."""
    kind = (jwk.get("kty"), jwk.get("crv"))
    try:
        if "d" in jwk:
            raise ValueError
        if kind == ("EC", "P-256"):
            return ECKey.import_key(dict(jwk)), ["ES256"]
        if kind == ("OKP", "Ed25519"):
            # RFC 9864's name, and the one that most libraries still write.
            return OKPKey.import_key(dict(jwk)), ["Ed25519", "EdDSA"]
    except (JoseError, ValueError, TypeError, KeyError):
        pass
    raise NotAPublicKey("Not a public key of EC P-256 or OKP Ed25519.")
