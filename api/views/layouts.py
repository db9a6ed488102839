"""GET /api/layouts/ and /api/layouts/<data set>/<version>: the layouts of copies, for everyone: about no one."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from api.samples import LAYOUTS, SAMPLE_LAYOUT
from api.schema import HEADERS, answer_example, problem_examples, problem_responses
from api.serializers.inquiries import AFFAIR
from api.serializers.layouts import LayoutList
from api.views.base import Address
from holdings.layout import Layout, all_layouts

_PROBLEMS = ("method-not-allowed", "not-acceptable", "too-many-requests", "internal-error", "away")
_KEPT = "public, max-age=3600"


class PublicAddress(Address):
    """An address that anyone may read, and any cache keep for an hour."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    http_method_names = ["get", "head"]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200:
            response.headers["Cache-Control"] = _KEPT
        return response


class Layouts(PublicAddress):
    """Every layout, with the days from and to which copies may be registered under it."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="list_layouts",
        summary="The layouts of copies",
        tags=["layouts"],
        auth=[],
        parameters=HEADERS,
        responses={200: OpenApiResponse(LayoutList, description="The list."), **problem_responses(_PROBLEMS)},
        examples=[answer_example("layouts", LAYOUTS), *problem_examples(_PROBLEMS)],
    )
    def get(self, request: Request) -> Response:
        return Response(LayoutList({"layouts": [_line(each) for each in all_layouts().values()]}).data)


class OneLayout(PublicAddress):
    """One layout: a JSON Schema (2020-12) of the items of a copy. It never changes: a new version has a new number."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="get_layout",
        summary="One layout of copies",
        tags=["layouts"],
        auth=[],
        parameters=[
            *HEADERS,
            OpenApiParameter(
                "data_set", {"type": "string", "pattern": f"^{AFFAIR}$"}, OpenApiParameter.PATH, required=True
            ),
            OpenApiParameter(
                "version", {"type": "integer", "minimum": 1, "maximum": 9999}, OpenApiParameter.PATH, required=True
            ),
        ],
        responses={
            200: OpenApiResponse(
                {"type": "object", "additionalProperties": True}, description="A JSON Schema (2020-12)."
            ),
            **problem_responses((*_PROBLEMS, "not-found")),
        },
        examples=[answer_example("layout", SAMPLE_LAYOUT), *problem_examples((*_PROBLEMS, "not-found"))],
    )
    def get(self, request: Request, data_set: str, version: int) -> Response:
        found = all_layouts().get((data_set, version))
        if found is None:
            raise Http404
        return Response(found.schema)


def _line(layout: Layout) -> dict[str, Any]:
    return {
        "data_set": layout.data_set,
        "version": layout.version,
        "title": layout.schema["title"],
        "valid_from": layout.valid_from,
        "valid_to": layout.valid_to,
        "address": f"/api/layouts/{layout.data_set}/{layout.version}",
    }
