"""Asking the agencies for a person's own information, on the person's wish and in the person's name.

Every agency that was given a code for the person is asked for every data set that the permission table lets the portal
show from an agency of its kind. Each question makes a record of kind SELF, like any other.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from agencies.models import Agency
from codes.rist1 import Code
from exchange import self_inquiry, statute
from exchange.inquiry import Refused
from exchange.models import Kind
from holdings.periods import legal_day

logger = logging.getLogger(__name__)

FAILED = "5001"
_NAME = "0100000010"


class Shown(NamedTuple):
    """One item as a page shows it: `kind` is its unit, "text", or "none", and then `value` is the reason."""

    name: str
    kind: str
    value: Any


def ask_all(*, portal_code: Code, agencies: list[str], at: dt.datetime) -> list[dict[str, Any]]:
    """Every answer as plain values, ready to be sealed in the session. One agency's failure hides no other's answer."""
    return [
        _ask(portal_code, provider, data_set, at)
        for provider in Agency.objects.active().filter(local_code__in=agencies).order_by("local_code")
        for data_set in _data_sets_of(provider, legal_day(at))
    ]


def cards(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers that hold something, with names in the active language, the holder as the source itself knows her."""
    providers = _providers(answers)
    holders = {
        answer["provider"]: item["value"]
        for answer in answers
        for item in answer["items"]
        if item["code"] == _NAME and item["value"]
    }
    return [
        {
            **answer,
            "title": statute.data_sets()[answer["data_set"]].name,
            "source": providers[answer["provider"]].name,
            "holder": holders.get(answer["provider"]),
            "fetched_at": dt.datetime.fromisoformat(answer["at"]),
            "shown": [_shown(item) for item in answer["items"]],
        }
        for answer in answers
        if answer["items"]
    ]


def without_content(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers that hold nothing, for telling who was asked in vain."""
    providers = _providers(answers)
    return [
        {
            **answer,
            "title": statute.data_sets()[answer["data_set"]].name,
            "source": providers[answer["provider"]].name,
        }
        for answer in answers
        if not answer["items"]
    ]


def _data_sets_of(provider: Agency, on: dt.date) -> Iterator[str]:
    for rule in statute.rules().values():
        if rule.kind == Kind.SELF and rule.provider_kind == provider.kind and rule.is_in_force(on):
            yield rule.data_set.code


def _ask(portal_code: Code, provider: Agency, data_set: str, at: dt.datetime) -> dict[str, Any]:
    asked = {"provider": provider.local_code, "data_set": data_set, "at": at.isoformat(), "record": "", "items": []}
    try:
        answer = self_inquiry.ask(portal_code=portal_code, provider=provider, data_set=data_set, at=at)
    except Refused as refusal:
        return {**asked, "outcome": refusal.code, "record": refusal.record}
    except Exception as error:  # whatever broke at one agency, the others' answers are still the person's
        logger.warning("A self-inquiry failed (%s).", type(error).__name__)
        return {**asked, "outcome": FAILED}
    items = [{"code": item.code, "value": item.value, "null_reason": item.null_reason} for item in answer.items]
    return {**asked, "outcome": answer.outcome, "record": answer.record, "items": items}


def _providers(answers: list[dict[str, Any]]) -> dict[str, Agency]:
    return Agency.objects.by_local_code(answer["provider"] for answer in answers)


def _shown(item: dict[str, Any]) -> Shown:
    """By the item's unit where the value keeps to it; a birth date of which only the year is known is text."""
    term, value = statute.items()[item["code"]], item["value"]
    if value is None:
        return Shown(term.name, "none", item["null_reason"])
    try:
        if term.unit in ("yen", "count"):
            return Shown(term.name, term.unit, int(value))
        if term.unit == "day":
            return Shown(term.name, "day", dt.date.fromisoformat(value))
    except ValueError:
        pass
    return Shown(term.name, "text", value)
