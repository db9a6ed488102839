"""What holds for all tests: those that share one running server run in one worker, so that it is started once."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import translation

SHARED_SERVERS = {"tests/journeys": "country", "tests/browser": "site", "tests/desk/test_browser": "desk"}


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for directory, group in SHARED_SERVERS.items():
            if item.nodeid.startswith(directory):
                item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def _every_test_begins_in_japanese() -> None:
    """A request leaves its language behind in the thread; the next test must not speak it."""
    translation.activate(settings.LANGUAGE_CODE)
