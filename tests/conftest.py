"""What holds for all tests: those that share one running server run in one worker, so that it is started once."""

from __future__ import annotations

import pytest

SHARED_SERVERS = {"tests/journeys": "country", "tests/browser": "site", "tests/desk/test_browser": "desk"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for directory, group in SHARED_SERVERS.items():
            if item.nodeid.startswith(directory):
                item.add_marker(pytest.mark.xdist_group(group))
