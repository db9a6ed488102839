"""The project's own app: system checks and commands."""

from __future__ import annotations

from django.apps import AppConfig


class MynaportalConfig(AppConfig):
    name = "mynaportal"

    def ready(self) -> None:
        from mynaportal import checks  # noqa: F401  registers itself; wants the apps loaded
