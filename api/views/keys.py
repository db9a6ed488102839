"""GET /api/keys: the public keys that answers are signed with (RFC 7517)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from api.samples import KEYS
from api.schema import HEADERS, answer_example, problem_examples, problem_responses
from api.serializers.keys import KeySet
from api.views.base import Address
from exchange import service_key

_PROBLEMS = ("method-not-allowed", "not-acceptable", "too-many-requests", "internal-error", "away")


class Keys(Address):
    """The keys of this service, the current one first. The keyid of an answer's signature is the kid of one of them,
    which is the key's thumbprint (RFC 7638). An earlier key stays here as long as its answers may be checked."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="get_keys",
        summary="The keys that answers are signed with",
        tags=["tokens"],
        auth=[],
        parameters=HEADERS,
        responses={
            200: OpenApiResponse(KeySet, description="A JWK Set."),
            **problem_responses(_PROBLEMS),
        },
        examples=[answer_example("keys", KEYS), *problem_examples(_PROBLEMS)],
    )
    def get(self, request: Request) -> Response:
        return Response(KeySet({"keys": service_key.public_keys()}).data)
