"""What holds for all tests."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import translation


@pytest.fixture(autouse=True)
def _every_test_begins_in_japanese() -> None:
    """A request leaves its language behind in the thread; the next test must not speak it."""
    translation.activate(settings.LANGUAGE_CODE)
