"""Every test of the exchange starts with the agencies of the small country."""

from __future__ import annotations

import pytest

from tests.exchange import people


@pytest.fixture
def agencies(request: pytest.FixtureRequest) -> None:
    people.ready()
