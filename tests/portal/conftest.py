"""A citizen with a full life, a stranger, a clerk and nobody, each with a browser of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import databases
from accounts.models import User
from tests.portal import country


@pytest.fixture
def at() -> dt.datetime:
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def agencies(db_of_all: None) -> None:
    country.load_agencies()


@pytest.fixture
def db_of_all(request: pytest.FixtureRequest) -> None:
    """The mark that opens all four databases stands in each test module; this only orders the fixtures behind it."""
    request.getfixturevalue("db")


@pytest.fixture
def hanako(agencies: None, at: dt.datetime) -> User:
    user = country.new_citizen()
    country.full_life(user, at)
    return user


@pytest.fixture
def kenji(agencies: None) -> User:
    return country.new_citizen()


@pytest.fixture
def clerk(agencies: None) -> User:
    return country.new_clerk()


@pytest.fixture
def english() -> Client:
    """A browser that wants English."""
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def queries() -> Callable[[Callable[[], object]], dict[str, int]]:
    """How many queries an act sends to each database."""

    def count(act: Callable[[], object]) -> dict[str, int]:
        with ExitStack() as stack:
            captured = {
                alias: stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in databases.ALIASES
            }
            act()
        return {alias: len(context) for alias, context in captured.items()}

    return count
