"""The agencies' door."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        # drf-spectacular finds its extensions by their being imported.
        from api import schema  # noqa: F401
