from __future__ import annotations

import pytest

from tests.desk.world import World, make


@pytest.fixture
def world() -> World:
    return make()
