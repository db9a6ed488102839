"""Who calls: an access token (RFC 6750) names a client, the client belongs to an agency, and both must be active."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from agencies.models import Agency, ApiClient
from api import tokens
from api.problems import REALM, Problem


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that a valid token names, and its agency."""

    client: ApiClient
    agency: Agency
    is_authenticated: bool = True


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. No header at all is nobody; a token that fails in any way is an error."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            client_id = tokens.client_of(token.strip(), at=timezone.now())
        except tokens.TokenExpired:
            raise _refusal("expired-token", "The token has expired.") from None
        except tokens.TokenNotValid:
            raise _refusal("invalid-token", "The token is not valid.") from None
        client = ApiClient.objects.select_related("agency").filter(client_id=client_id).first()
        if client is None or not client.is_usable:
            raise _refusal("invalid-token", "The token's client is not active.")
        return Caller(client, client.agency), None

    def authenticate_header(self, request: Request) -> str:
        return f'Bearer realm="{REALM}"'


def _refusal(kind: str, sentence: str) -> Problem:
    challenge = f'Bearer realm="{REALM}", error="invalid_token", error_description="{sentence}"'
    return Problem(kind, sentence, headers={"WWW-Authenticate": challenge})
