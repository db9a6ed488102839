"""GET /api/permissions: the permission table in force, signed."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from api import statements
from api.samples import PERMISSIONS
from api.schema import HEADERS, answer_example, problem_examples, problem_responses
from api.serializers.permissions import SignedPermissions
from api.views.base import Address
from exchange import published

KIND = "mynx-permissions+jws"
_SECONDS = 60
_PROBLEMS = ("method-not-allowed", "not-acceptable", "too-many-requests", "internal-error", "away")


class Permissions(Address):
    """Who may ask whom, for which affair, for what: the whole table, so that a provider can check for itself. It bears
    a version, which only ever rises, and the day on which it expires; whoever keeps it refuses one that is older than
    the one that he has, and does not rely on one that has expired. It says nothing about any person."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="get_permissions",
        summary="The permission table, signed",
        tags=["permissions"],
        auth=[],
        parameters=HEADERS,
        responses={
            200: OpenApiResponse(SignedPermissions, description="The table in force."),
            **problem_responses(_PROBLEMS),
        },
        examples=[answer_example("permissions", PERMISSIONS), *problem_examples(_PROBLEMS)],
    )
    def get(self, request: Request) -> Response:
        content = published.table(at=timezone.now())
        return Response(SignedPermissions(statements.signed(content, kind=KIND)).data)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={_SECONDS}"
        return response
