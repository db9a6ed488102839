"""The project's own app: system checks and commands."""

from __future__ import annotations

from django.apps import AppConfig


class MynaportalConfig(AppConfig):
    name = "mynaportal"

    def ready(self) -> None:
        # Both register themselves and want the apps loaded.
        from mynaportal import celery, checks  # noqa: F401
