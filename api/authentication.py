"""Who calls: an access token (RFC 6750) names a client, and the request is signed by that client's key (RFC 9421).

Neither is enough alone. The token is bound to the key (RFC 7800), the signature covers the token, the address and the
body, and its nonce works once. The client belongs to an agency, and both must be active.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.exceptions import RequestDataTooBig
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from agencies import clients, evidence, once
from agencies.models import Agency, ApiClient
from api import answers, tokens
from api.problems import REALM, Problem
from exchange import messages


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """The client that signed, its agency, and the evidence that it sent along (empty: none)."""

    client: ApiClient
    agency: Agency
    evidence: str = ""
    case_number: str = ""
    is_authenticated: bool = True

    @property
    def name(self) -> str:
        """Who did it, as the log's sealed side says."""
        return f"client {self.client.client_id}"

    def __repr__(self) -> str:
        return "<Caller>"


class SignedRequestAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>` and a signature by profile mynx-1. No token at all is nobody; everything else
    that fails in any way is an error. The body is read only after the signature has been found good."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        at = timezone.now()
        client = _client_of(token.strip(), at=at)
        signed = _signature(request, client, at=at)
        statement, case_number = _evidence(request, client, at=at)
        _use_up(client, signed)
        return Caller(client, client.agency, statement, case_number), None

    def authenticate_header(self, request: Request) -> str:
        return f'Bearer realm="{REALM}"'


def _client_of(token: str, *, at: datetime) -> ApiClient:
    try:
        bound = tokens.read(token, at=at)
    except tokens.TokenExpired:
        raise _refusal("expired-token", "The token has expired.") from None
    except tokens.TokenNotValid:
        raise _refusal("invalid-token", "The token is not valid.") from None
    client = next(iter(ApiClient.objects.select_related("agency").filter(client_id=bound.client_id)), None)
    if client is None or not client.is_usable:
        raise _refusal("invalid-token", "The token's client is not active.")
    if clients.thumbprint(client) != bound.thumbprint:
        raise _refusal("invalid-token", "The token is bound to another key.")
    return client


def _signature(request: Request, client: ApiClient, *, at: datetime) -> messages.Signed:
    asked = answers.as_signed(request._request)
    try:
        key = clients.key_of(client)[0].public_key
        signed = messages.verify(asked, key=key, keyid=str(client.client_id), at=at)
    except messages.NotSigned:
        raise _unsigned("no-signature", "The request is not signed.") from None
    except messages.NotAccepted as reason:
        raise _unsigned("invalid-signature", str(reason)) from None
    try:
        messages.verify_body(asked, _body(request))
    except messages.NotAccepted as reason:
        raise Problem("digest-mismatch", str(reason)) from None
    return signed


def _body(request: Request) -> bytes:
    try:
        return bytes(request._request.body)
    except RequestDataTooBig:
        raise Problem("too-large") from None
    except ValueError:
        raise Problem("invalid-request", "The declared length is not a number.") from None


def _evidence(request: Request, client: ApiClient, *, at: datetime) -> tuple[str, str]:
    """The evidence and its case number, checked; nothing where none was sent."""
    statement = request.headers.get(messages.EVIDENCE)
    if statement is None:
        return "", ""
    try:
        claims = evidence.check(statement, client=client, audience=tokens.audience(), at=at)
    except evidence.EvidenceNotAccepted:
        raise Problem("invalid-evidence") from None
    return statement, str(claims["case_number"])


def _use_up(client: ApiClient, signed: messages.Signed) -> None:
    until = datetime.fromtimestamp(signed.expires, UTC) + messages.AHEAD
    try:
        once.use(client, signed.nonce, kind=once.NONCE, expires_at=until)
    except once.UsedBefore:
        raise _unsigned("used-signature", "The nonce was used before.") from None


def _refusal(kind: str, sentence: str) -> Problem:
    challenge = f'Bearer realm="{REALM}", error="invalid_token", error_description="{sentence}"'
    return Problem(kind, sentence, headers={"WWW-Authenticate": challenge})


def _unsigned(kind: str, sentence: str) -> Problem:
    """A refusal that says how to sign (RFC 9421 section 5.1)."""
    headers = {"WWW-Authenticate": f'Bearer realm="{REALM}"', "Accept-Signature": messages.ACCEPTED}
    return Problem(kind, sentence, headers=headers)
