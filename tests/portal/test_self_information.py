"""An item is shown by its unit in the list of items."""

from __future__ import annotations

import datetime as dt

import pytest

from agencies.models import Agency
from exchange import statute
from portal import self_information
from portal.self_information import Shown


@pytest.mark.parametrize(
    ("code", "value", "kind", "shown"),
    [
        ("0200000010", "3120000", "yen", 3_120_000),
        ("0200000030", "1", "count", 1),
        ("0100000020", "1990-04-15", "day", dt.date(1990, 4, 15)),
        ("0100000020", "1938", "text", "1938"),
        ("0100000020", "1938-04", "text", "1938-04"),
        ("0200000010", "unknown", "text", "unknown"),
        ("0100000010", "20240101", "text", "20240101"),
        ("0200000070", None, "none", "NOT_APPLICABLE"),
    ],
)
def test_a_value_is_read_by_the_unit_of_its_item(
    monkeypatch: pytest.MonkeyPatch, code: str, value: str | None, kind: str, shown: object
) -> None:
    mitaka = Agency(local_code="132047", name_ja="三鷹市", name_en="Mitaka City")
    monkeypatch.setattr(self_information, "_providers", lambda answers: {"132047": mitaka})
    item = {"code": code, "value": value, "null_reason": "NOT_APPLICABLE"}
    answer = {
        "provider": "132047", "data_set": statute.items()[code].data_set, "at": "2026-11-22T12:00:00+00:00",
        "items": [item],
    }  # fmt: skip
    (card,) = self_information.cards([answer])
    assert card["shown"] == [Shown(statute.items()[code].name, kind, shown)]
