"""System checks: the permission table contradicts neither itself nor the data standard, nor do the layouts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.checks import Error, register

from exchange import statute
from exchange.statute import Rule
from holdings import layout
from holdings.layout import Layout

# How a layout may write what items.csv gives a unit.
_FORMS = {"": {"text"}, "yen": {"yen"}, "count": {"count"}, "day": {"day", "birth_date"}}


@register()
def statute_is_sound(app_configs: Any = None, **kwargs: Any) -> list[Error]:
    """Every item belongs to its row's data set; an ordinance's row lies within a statutory one (article 19 item 9)."""
    unknown = [item.code for item in statute.items().values() if item.unit not in statute.UNITS]
    units = [f"items.csv: item {code} has a unit that nobody knows how to read." for code in unknown]
    return [Error(sentence, id="exchange.E001") for sentence in faults(statute.rules()) + units]


@register()
def layouts_are_sound(app_configs: Any = None, **kwargs: Any) -> list[Error]:
    """Each layout is one, and names the items of items.csv as items.csv does; each data set with items has one."""
    broken = layout.faults()
    found = broken or layout_faults(layout.all_layouts().values())
    return [Error(sentence, id="exchange.E002") for sentence in found]


def layout_faults(layouts: Collection[Layout]) -> list[str]:
    """Where the layouts differ from the data standard, one sentence for each fault."""
    found = []
    for each in layouts:
        for code, form in each.items.items():
            item = statute.items().get(code)
            if item is None or item.data_set != each.data_set or each.names[code] != (item.name_ja, item.name_en):
                found.append(f"{each.data_set}.{each.version}.json: item {code} is not as in items.csv.")
            elif form not in _FORMS[item.unit]:
                found.append(f"{each.data_set}.{each.version}.json: item {code} has another unit than in items.csv.")
    wanted = {item.data_set for item in statute.items().values()}
    missing = wanted - {each.data_set for each in layouts}
    return found + [f"{data_set} has items, but no layout." for data_set in sorted(missing)]


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
