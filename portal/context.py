"""What every page needs to know about the service."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def service(request: HttpRequest) -> dict[str, Any]:
    return {}
