"""Fixtures of this room's tests."""

from __future__ import annotations

from tests.cards.certificates import publishing
from tests.cards.people import places
from tests.cards.readers import reader

__all__ = ["places", "publishing", "reader"]
