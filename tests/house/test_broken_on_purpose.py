"""Each of the house's guards turns red when its wall is torn down in a copy."""

from __future__ import annotations

import pytest

from tools.break_on_purpose import BREAKAGES, Breakage, is_noticed


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name.replace(" ", "-"))
def test_breakage_is_noticed(breakage: Breakage) -> None:
    assert is_noticed(breakage)
