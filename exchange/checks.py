"""System check: the permission table contradicts neither itself nor the data standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.checks import Error, register

from exchange import statute
from exchange.statute import Rule


@register()
def statute_is_sound(app_configs: Any = None, **kwargs: Any) -> list[Error]:
    """Every item belongs to its row's data set; an ordinance's row lies within a statutory one (article 19 item 9)."""
    unknown = [item.code for item in statute.items().values() if item.unit not in statute.UNITS]
    units = [f"items.csv: item {code} has a unit that nobody knows how to read." for code in unknown]
    return [Error(sentence, id="exchange.E001") for sentence in faults(statute.rules()) + units]


def faults(rules: Mapping[str, Rule]) -> list[str]:
    """What is wrong with the table, one sentence for each fault."""
    found = []
    for rule in rules.values():
        if any(statute.items()[item].data_set != rule.data_set.code for item in rule.items):
            found.append(f"statute.csv: row {rule.row} names an item of another data set.")
        if rule.ordinance_of and not _is_within(rule, rules.get(rule.ordinance_of)):
            found.append(f"statute.csv: row {rule.row} gives more than the row that it follows.")
        if rule.valid_to and rule.valid_to < rule.valid_from:
            found.append(f"statute.csv: row {rule.row} ends before it begins.")
    return found


def _is_within(rule: Rule, statutory: Rule | None) -> bool:
    return statutory is not None and rule.is_within(statutory)
