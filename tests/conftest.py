"""What holds for all tests."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import translation

from exchange import statute


@pytest.fixture(autouse=True)
def _every_test_begins_in_japanese() -> None:
    """A request leaves its language behind in the thread; the next test must not speak it."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _every_test_begins_with_the_reference_table() -> None:
    """No test sees the changes of another, and only tests of changes ask the database for them (statute.forget)."""
    statute._kept = statute._made(0, statute.reference(), asked_at=float("inf"))
