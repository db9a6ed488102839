"""The exchange's app: it checks its tables at start."""

from __future__ import annotations

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "exchange"

    def ready(self) -> None:
        from exchange import checks  # noqa: F401 - registers the check
