"""An agency's copy (副本): what it will answer with, sealed for it alone.

One copy as it lies in its row. Agencies hand theirs in by `holdings.registration`, which checks it by its layout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from codes.rist1 import Code
from databases import HOLDINGS
from holdings.layout import NULL_REASONS
from holdings.models import Holding
from holdings.periods import Period, legal_day
from keys.sealing import open_sealed, seal

_PURPOSE = "holding-seal"

Items = Mapping[str, Mapping[str, str]]


class MalformedCopy(ValueError):
    """An item has neither a value nor a reason for having none, or both."""


def register(
    *,
    agency: str,
    code: Code,
    data_set: str,
    items: Items,
    at: datetime,
    period: Period | None = None,
    published_from: date | None = None,
    published_to: date | None = None,
    former: Sequence[Code] = (),
) -> Holding:
    """Write or replace the copy of this data set, person and period, whatever its layout. Raises MalformedCopy.

    `code` is of the agency's present epoch; `former` are the same person's codes of earlier epochs under which a copy
    may still lie (`conversion.convert_to_all` from the agency to itself gives them all).
    `items` maps an item code to `{"value": …}` or `{"null_reason": …}`: absence always has a reason.
    """
    for content in items.values():
        _check(content)
    facts = {
        "items": dict(items),
        "period": period or Period(),
        "published_from": published_from or legal_day(at),
        "published_to": published_to,
        "former": former,
    }
    try:
        return _write(agency, code, data_set, **facts)
    except IntegrityError:
        # Another process registered the same copy between our look and our insert. Now there is a row to replace; the
        # database's message must not get out, for it repeats the row with its code.
        return _write(agency, code, data_set, **facts)


def _write(
    agency: str,
    code: Code,
    data_set: str,
    *,
    items: Items,
    period: Period,
    published_from: date,
    published_to: date | None,
    former: Sequence[Code],
) -> Holding:
    with transaction.atomic(using=HOLDINGS):
        same_period = Holding.objects.filter(fiscal_year=period.fiscal_year, begins_on=period.begins_on)
        found = same_period.of(agency=agency, codes=[code, *former], data_set=data_set).select_for_update().first()
        holding = found or Holding(agency=agency, data_set=data_set)
        fill(holding, code=code, items=items, period=period, published_from=published_from, published_to=published_to)
        holding.save()
    return holding


def fill(
    holding: Holding,
    *,
    code: Code,
    items: Items,
    period: Period,
    published_from: date,
    published_to: date | None,
) -> None:
    """Put into the row, new or not, what the copy says; it is not saved here. A copy that was withdrawn lives again."""
    holding.code = code
    holding.fiscal_year, holding.begins_on, holding.ends_on = period.fiscal_year, period.begins_on, period.ends_on
    holding.published_from, holding.published_to = published_from, published_to
    holding.withdrawn_at, holding.withdrawn_reason = None, ""
    holding.payload_sealed = seal(_PURPOSE, json.dumps(items).encode(), context=_context(holding))


def opened(holding: Holding) -> dict[str, dict[str, str]]:
    """The items of a copy, as they were registered."""
    content: dict[str, dict[str, str]] = json.loads(
        open_sealed(_PURPOSE, holding.payload_sealed, context=_context(holding))
    )
    return content


def _check(content: Mapping[str, str]) -> None:
    if set(content) != {"value"} and not (set(content) == {"null_reason"} and content["null_reason"] in NULL_REASONS):
        raise MalformedCopy("An item needs a value, or a reason for having none.")


def _context(holding: Holding) -> str:
    # The agency and data set are bound in too, so that a copy moved to another agency's row will not open.
    return f"holdings.Holding.payload_sealed:{holding.pk}:{holding.agency}:{holding.data_set}"
