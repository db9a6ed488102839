"""POST /api/oauth/token: client credentials (RFC 6749 section 4.4) with a signed client assertion (RFC 7523).

Errors are OAuth's own (RFC 6749 section 5.2); what has nothing to do with OAuth (media type, size) is a problem. A
wrong signature, an unknown client and a used statement look the same: nobody learns which clients exist.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from agencies import clients
from api import tokens
from api.parsers import FormParser
from api.problems import REALM, Problem
from api.samples import TOKEN_ANSWER, TOKEN_ERROR, TOKEN_REQUEST
from api.schema import HEADERS, answer_example, problem_examples, problem_responses, request_example
from api.serializers.problems import OAuthErrorDescription
from api.serializers.tokens import TokenAnswer, TokenRequest
from api.views.base import Address

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PARAMETERS = {"grant_type", "client_assertion_type", "client_assertion", "client_id", "scope"}
_PROBLEMS = (
    "method-not-allowed",
    "not-acceptable",
    "too-large",
    "unsupported-media-type",
    "too-many-requests",
    "internal-error",
    "away",
)

logger = logging.getLogger("api")


class OAuthError(Exception):
    """An error in OAuth's words."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


class Token(Address):
    """Exchange a statement signed with your own key for an access token that is good for five minutes."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    parser_classes = [FormParser]

    @extend_schema(
        operation_id="get_token",
        summary="Get an access token",
        tags=["tokens"],
        auth=[],
        parameters=HEADERS,
        request={"application/x-www-form-urlencoded": TokenRequest},
        responses={
            200: OpenApiResponse(TokenAnswer, description="A token for the client."),
            400: OpenApiResponse(OAuthErrorDescription, description="The request is not in order."),
            401: OpenApiResponse(OAuthErrorDescription, description="The client was not recognised."),
            **problem_responses(_PROBLEMS),
        },
        examples=[
            request_example("client-credentials", TOKEN_REQUEST, FormParser.media_type),
            answer_example("token", TOKEN_ANSWER),
            answer_example("refused", TOKEN_ERROR, 401),
            answer_example(
                "other-grant", {"error": "unsupported_grant_type", "error_description": "Only client_credentials."}, 400
            ),
            *problem_examples(_PROBLEMS),
        ],
    )
    def post(self, request: Request) -> Response:
        form = _form(request)
        try:
            client = clients.authenticate(form["client_assertion"], tokens.endpoint(), timezone.now())
        except clients.AssertionNotAccepted:
            raise OAuthError("invalid_client", "The client assertion is not valid.") from None
        if form.get("client_id", str(client.client_id)) != str(client.client_id):
            raise OAuthError("invalid_client", "The client assertion is not valid.")
        token = tokens.issue(client_id=str(client.client_id), thumbprint=clients.thumbprint(client), at=timezone.now())
        content = {"access_token": token, "token_type": "Bearer", "expires_in": settings.ACCESS_TOKEN_SECONDS}
        return Response(TokenAnswer(content).data, headers={"Pragma": "no-cache"})

    def handle_exception(self, exc: Exception) -> Response | HttpResponse:
        if not isinstance(exc, OAuthError):
            return super().handle_exception(exc)
        logger.info("Token answered %s", exc.error)
        status, headers = 400, {"Pragma": "no-cache"}
        if exc.error == "invalid_client":
            status, headers["WWW-Authenticate"] = 401, f'Bearer realm="{REALM}"'
        content = OAuthErrorDescription({"error": exc.error, "error_description": exc.description}).data
        return _silent(Response(content, status=status, headers=headers))


def _form(request: Request) -> dict[str, str]:
    try:
        form: dict[str, str] = request.data
    except Problem as problem:
        if problem.kind != "invalid-request":
            raise
        raise OAuthError("invalid_request", problem.detail) from None
    if not form.get("grant_type"):
        raise OAuthError("invalid_request", "grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        raise OAuthError("unsupported_grant_type", "Only client_credentials is given here.")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        raise OAuthError("invalid_client", "A client assertion of the type jwt-bearer is needed.")
    if form.get("scope"):
        raise OAuthError("invalid_scope", "There are no scopes: the permission table decides at each request.")
    return {name: value for name, value in form.items() if name in _PARAMETERS}


def _silent(response: Response) -> Response:
    """Django's own log line for an error would add nothing to ours."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
