"""A small country seen from the agencies' door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.api.sides import Country, new_country


@pytest.fixture
def country(db: None) -> Country:
    return new_country()


@pytest.fixture(autouse=True)
def _no_requests_counted_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
