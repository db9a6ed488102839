"""The description of the API for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from api.throttling import MinuteThrottle


class Schema(SpectacularAPIView):
    """OpenAPI 3.1, as YAML or as JSON by the Accept header. Open to everyone: it is about no one."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes = [MinuteThrottle]
    http_method_names = ["get", "head"]
