"""What several tests need: sizes, marks, and databases with real commits."""

from __future__ import annotations

import os

import pytest

DATABASES = pytest.mark.django_db(databases="__all__")
SOAK = bool(os.environ.get("MYNA_SOAK"))


def scaled(stated: int) -> int:
    """The stated size of a large test at `make soak`, a tenth of it at `make test`."""
    return stated if SOAK else max(1, stated // 10)
