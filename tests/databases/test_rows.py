"""Rows written in one statement lie in the table as the models would have written them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from codes import rist1
from codes.rist1 import Code, format_code
from databases import HOLDINGS, rows
from exchange.models import Phase
from holdings.models import Holding, ProvisionCopy
from tests.support import DATABASES

pytestmark = DATABASES

AT = datetime(2026, 11, 22, 10, 30, 15, 120, tzinfo=timezone(timedelta(hours=9)))
CODE = Code(rist1.person_point(bytes(32)), 1)
COPY = ("id", "agency", "code", "inquirer", "data_set", "items", "outcome", "at")


def a_copy(**changes: Any) -> dict[str, Any]:
    facts = {"id": uuid.uuid4(), "agency": "132047", "code": format_code(CODE), "inquirer": "132080"}
    return facts | {"data_set": "TM1", "items": "1 2", "outcome": "0000", "at": AT} | changes


@pytest.mark.parametrize(
    "text", ["", "plain", "多摩川", "a\tb", "a\nb", "a\r\nb", "\\", "\\N", r"\x41", '{"a": "\\"\\\\"}', "'; --", "\\."]
)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    written = a_copy(items=text)
    rows.insert(ProvisionCopy, COPY, [[written[name] for name in COPY]], using=HOLDINGS)
    [found] = ProvisionCopy.objects.all()
    assert (found.id, found.items, found.code, found.at) == (written["id"], text, CODE, AT.astimezone(UTC))


@pytest.mark.parametrize("content", [b"", bytes(range(256)), memoryview(b"\\x00\x00")])
@pytest.mark.parametrize(("day", "year"), [(None, None), (date(2026, 11, 22), 2026)])
def test_bytes_days_numbers_choices_and_nothing(content: Any, day: date | None, year: int | None) -> None:
    facts = {"id": uuid.uuid4(), "agency": Phase.ASKED, "code": format_code(CODE), "data_set": "TM1"}
    facts |= {"fiscal_year": year, "begins_on": day, "payload_sealed": content, "published_from": date(2026, 1, 1)}
    rows.insert(Holding, list(facts), [list(facts.values())], using=HOLDINGS)
    [found] = Holding.objects.all()
    assert (found.agency, bytes(found.payload_sealed), found.published_from) == ("ASKED", content, date(2026, 1, 1))
    assert (found.id, found.fiscal_year, found.begins_on, found.ends_on) == (facts["id"], year, day, None)
    assert Holding.objects.filter(pk=facts["id"], begins_on=day, agency="ASKED", code=CODE).count() == 1


def test_a_row_that_must_not_be_is_djangos_own_error() -> None:
    row = [a_copy()[name] for name in COPY]
    with pytest.raises(IntegrityError), transaction.atomic(using=HOLDINGS):
        rows.insert(ProvisionCopy, COPY, [row, row], using=HOLDINGS)
    assert not ProvisionCopy.objects.exists()


def test_no_rows_are_no_rows() -> None:
    rows.insert(Holding, ("id",), [], using=HOLDINGS)
    assert not Holding.objects.exists()
