"""Fixtures of this door's tests: authorities of their own, and a way to ask as programs do."""

from __future__ import annotations

from tests.cards.certificates import publishing
from tests.cards.people import places

__all__ = ["places", "publishing"]
