from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import translation

from tests.desk.world import World, make


@pytest.fixture
def world() -> World:
    return make()


@pytest.fixture(autouse=True)
def _in_japanese() -> Iterator[None]:
    """A request leaves its language behind in this thread; the next test begins in the usual one."""
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.deactivate()
