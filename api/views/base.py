"""What every address of the API has in common: JSON in, JSON or a problem out, in English, stored by no cache."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from api import problems
from api.authentication import Caller, SignedRequestAuthentication
from api.negotiation import JSONOnly
from api.parsers import StrictJSONParser
from api.permissions import Nobody
from api.throttling import MinuteThrottle


class Address(APIView):
    """An address that takes one POST. Each view states who may call; this one says nobody."""

    authentication_classes = [SignedRequestAuthentication]
    permission_classes = [Nobody]
    throttle_classes = [MinuteThrottle]
    parser_classes = [StrictJSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = JSONOnly
    metadata_class = None
    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # The API speaks one language; the names of affairs and data come in both where they matter.
        with translation.override("en"):
            response = super().dispatch(request, *args, **kwargs)
            response.headers["Content-Language"] = "en"
            return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response


class AgencyAddress(Address):
    """An address for agencies' clients."""

    request: Request

    def caller(self) -> Caller:
        caller: Caller = self.request.user
        return caller

    def read(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """The request's body, checked. Raises Problem | ValidationError."""
        if self.request.META.get("CONTENT_LENGTH") in {None, "", "0"}:
            raise problems.Problem("malformed-json", "The body is empty, or its length was not declared.")
        checked = serializer(data=self.request.data)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def answer(self, serializer: type[Serializer[Any]], content: Any, status: int = 200) -> Response:
        return Response(serializer(content).data, status=status)


class NoSuchAddress(Address):
    """Everything else below /api/. The address asked for is neither repeated nor logged."""

    authentication_classes = []
    permission_classes = [Nobody]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return problems.response(problems.Problem("not-found"))
