"""Rows written in one statement lie in the table as the models would have written them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model

from codes import rist1
from codes.rist1 import Code, format_code
from databases import HOLDINGS, rows
from exchange.models import Phase
from holdings.models import Holding, ProvisionCopy
from tests.support import DATABASES

pytestmark = DATABASES

AT = datetime(2026, 11, 22, 10, 30, 15, 120, tzinfo=timezone(timedelta(hours=9)))
CODE = Code(rist1.person_point(bytes(32)), 1)
# In one trip of few rows, and by COPY where there is one.
FEW_AND_MANY = pytest.mark.parametrize("count", [1, 40])


def values(model: type[Model], **facts: Any) -> tuple[Any, ...]:
    return tuple(facts.get(field.name) for field in rows.fields(model))


def a_copy(**changes: Any) -> tuple[Any, ...]:
    facts = {"id": uuid.uuid4(), "agency": "132047", "code": format_code(CODE), "inquirer": "132080", "at": AT}
    facts |= {"data_set": "TM1", "items": "1 2", "outcome": "0000", "is_withheld": False}
    return values(ProvisionCopy, **facts | changes)


@FEW_AND_MANY
@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "多摩川",
        "a\tb",
        "a\nb",
        "a\r\nb",
        "\\",
        "\\N",
        r"\x41",
        '{"a": "\\"\\\\"}',
        "'; --",
        "\\.",
        "50 %s",
    ],
)
def test_any_text_comes_back_as_it_was(text: str, count: int) -> None:
    name = uuid.uuid4()
    others = [a_copy() for _ in range(count - 1)]
    rows.insert(HOLDINGS, (ProvisionCopy, [a_copy(id=name, items=text, is_withheld=True), *others]))
    found = ProvisionCopy.objects.get(id=name)
    assert (found.items, found.code, found.at, found.is_withheld) == (text, CODE, AT.astimezone(UTC), True)
    assert ProvisionCopy.objects.filter(is_withheld=False).count() == count - 1


@FEW_AND_MANY
@pytest.mark.parametrize("content", [b"", bytes(range(256)), memoryview(b"\\x00\x00")])
@pytest.mark.parametrize(("day", "year"), [(None, None), (date(2026, 11, 22), 2026)])
def test_bytes_days_numbers_choices_and_nothing(content: Any, day: date | None, year: int | None, count: int) -> None:
    facts = {
        "agency": Phase.ASKED,
        "code": format_code(CODE),
        "fiscal_year": year,
        "begins_on": day,
        "withdrawn_reason": "",
    }
    facts |= {"payload_sealed": content, "published_from": date(2026, 1, 1), "withdrawn_reason": ""}
    names = [uuid.uuid4() for _ in range(count)]
    made = [values(Holding, **facts, id=name, data_set=f"TM{number}") for number, name in enumerate(names)]
    rows.insert(HOLDINGS, (Holding, made))
    found = Holding.objects.get(data_set="TM0")
    assert (found.agency, bytes(found.payload_sealed), found.published_from) == ("ASKED", content, date(2026, 1, 1))
    assert (found.id, found.fiscal_year, found.begins_on, found.ends_on) == (names[0], year, day, None)
    assert Holding.objects.filter(begins_on=day, agency="ASKED", code=CODE).count() == count


@FEW_AND_MANY
def test_a_row_that_must_not_be_is_djangos_own_error(count: int) -> None:
    row = a_copy()
    with pytest.raises(IntegrityError), transaction.atomic(using=HOLDINGS):
        rows.insert(HOLDINGS, (ProvisionCopy, [row, *[a_copy() for _ in range(count)], row]))
    assert not ProvisionCopy.objects.exists()


def test_no_rows_are_no_rows() -> None:
    rows.insert(HOLDINGS, (Holding, []))
    assert not Holding.objects.exists()
