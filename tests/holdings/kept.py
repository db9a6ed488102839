"""Copies for the tests of registration: good ones by their layout, and bad ones of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from codes import rist1
from codes.rist1 import Code
from holdings import registration
from holdings.layout import NULL_REASONS, Layout
from holdings.models import Run
from holdings.periods import Period
from holdings.registration import Copy, Registered

NOW = datetime(2026, 11, 22, 1, 30, 15, 999999, tzinfo=UTC)
MITAKA, CHOFU = "132047", "132080"
LOCAL_TAX, TOTAL_INCOME, SALARY = "TM00000000000002", "0200000010", "0200000020"
HANAKO, TARO, KENJI = (Code(rist1.person_point(bytes([n]) * 32), 1) for n in (1, 2, 3))
FORMER_HANAKO = Code(rist1.person_point(bytes([9]) * 32), 1)

_DIRECTION = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_LINE = st.text(
    st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters=_DIRECTION), min_size=1, max_size=200
).filter(lambda text: text.strip() and sum(c.isdecimal() for c in text) != 12)
FORMS: dict[str, st.SearchStrategy[str]] = {
    "yen": st.integers(-99_999_999_999, 99_999_999_999).map(str),
    "count": st.integers(0, 999_999).map(str),
    "day": st.dates().map(str),
    "birth_date": st.builds(lambda day, length: str(day)[:length], st.dates(), st.sampled_from([4, 7, 10])),
    "text": _LINE,
}
WRONG: dict[str, list[Any]] = {
    "yen": ["", "01", "1.0", "1,000", "１０００", "123456789018", "+1", "-0", "--1", "1\n", " 1", "千円", 1, True],
    "count": ["-1", "1234567", "two", "1\n", 2, []],
    "day": ["2026-02-30", "20260401", "2026-4-1", "2026-04-01\n", "2026-W01-1", "2026-04", "R8.4.1", 20260401],
    "birth_date": ["2026-02-30", "1990-13", "90", "1990-04-15\n", "昭和", 1990],
    "text": [
        "", "   ", "a\nb", "a\x00b", "a\u202eb", "a\ud800", "x" * 201, "123456789018", "1234-5678-9018",
        "１２３４　５６７８　９０１８", "山田 花子\n", 5, {"a": "b"},
    ],
}  # fmt: skip
WRONG_CONTENTS: list[Any] = [
    {}, [], None, "1", 5, {"value": "1", "null_reason": "NOT_HELD"}, {"null_reason": "because of Hanako"},
    {"null_reason": ""}, {"null_reason": None}, {"x": "secret of Hanako"}, {"value": None},
]  # fmt: skip


def items_of(layout: Layout) -> st.SearchStrategy[dict[str, Any]]:
    """All items of the layout, each with a value in its form or a reason."""
    none = st.sampled_from(NULL_REASONS).map(lambda reason: {"null_reason": reason})
    return st.fixed_dictionaries(
        {code: st.one_of(FORMS[form].map(lambda value: {"value": value}), none) for code, form in layout.items.items()}
    )


def tax(income: str = "4120000", **changes: Any) -> dict[str, Any]:
    """The items of a local tax copy; `salary` and `rest` say otherwise than that they do not apply."""
    items = {f"02000000{number}0": {"null_reason": "NOT_APPLICABLE"} for number in range(1, 8)}
    return items | {TOTAL_INCOME: {"value": income}} | changes


def copy(income: str = "4120000", **changes: Any) -> Copy:
    facts = {
        "codes": (HANAKO,), "data_set": LOCAL_TAX, "layout_version": 1, "items": tax(income), "reference": "T-1",
        "period": Period(fiscal_year=2026),
    }  # fmt: skip
    return Copy(**{**facts, **changes})


def register(*handed_in: Copy, kind: str = Run.Kind.INITIAL, **changes: Any) -> Registered:
    return registration.register(**{"agency": MITAKA, "kind": kind, "handed_in": handed_in, "at": NOW, **changes})
