"""System checks: the permission table contradicts neither itself nor the data standard, nor do the layouts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.checks import Error, register
from django.utils.translation import gettext as _

from agencies.models import Agency
from exchange import statute
from exchange.models import Kind, StatuteChange
from exchange.statute import Rule, Term
from holdings import layout
from holdings.layout import Layout

# How a layout may write what items.csv gives a unit.
_FORMS = {"": {"text"}, "yen": {"yen"}, "count": {"count"}, "day": {"day", "birth_date"}}


@register()
def statute_is_sound(app_configs: Any = None, **kwargs: Any) -> list[Error]:
    """Every item belongs to its row's data set; an ordinance's row lies within a statutory one (article 19 item 9)."""
    unknown = [item.code for item in statute.items().values() if item.unit not in statute.UNITS]
    units = [f"items.csv: item {code} has a unit that nobody knows how to read." for code in unknown]
    return [Error(sentence, id="exchange.E001") for sentence in faults(statute.reference()) + units]


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
    """What is wrong with a table, one sentence for each fault."""
    found: list[str] = []
    names: dict[str, Term] = {}
    for rule in rules.values():
        if any(statute.items()[item].data_set != rule.data_set.code for item in rule.items):
            found.append(_("Row %(row)s names an item of another data set.") % {"row": rule.row})
        if not rule.items and rule.kind in (Kind.INQUIRY, Kind.SELF):
            found.append(_("Row %(row)s gives no item.") % {"row": rule.row})
        if rule.ordinance_of and not _is_within(rule, rules.get(rule.ordinance_of)):
            found.append(_("Row %(row)s gives more than the row that it follows.") % {"row": rule.row})
        if rule.ordinance_of and rule.outlasts(rules.get(rule.ordinance_of, rule)):
            found.append(_("Row %(row)s outlasts the row that it follows.") % {"row": rule.row})
        if rule.provider_kind not in Agency.Kind or not _may_ask(rule):
            found.append(_("Row %(row)s names a party that there is not.") % {"row": rule.row})
        if rule.valid_to and rule.valid_to < rule.valid_from:
            found.append(_("Row %(row)s ends before it begins.") % {"row": rule.row})
        if names.setdefault(rule.affair.code, rule.affair) != rule.affair:
            found.append(_("Row %(row)s calls its affair by another name than an earlier row.") % {"row": rule.row})
    return found


def faults_in_force() -> list[str]:
    """What is wrong with the table in force: a newer reference file may not fit the changes that were approved."""
    changes = list(StatuteChange.objects.approved())
    found = faults(statute.with_changes(statute.reference(), changes))
    listed = statute.reference()
    for change in changes:
        is_added = change.act == StatuteChange.Act.ADD and change.row in listed
        if is_added and listed[change.row] != statute.rule_from(change.line):
            found.append(_("Row %(row)s of statute.csv is not the row that was approved.") % {"row": change.row})
    return found


def _is_within(rule: Rule, statutory: Rule | None) -> bool:
    return statutory is not None and rule.is_within(statutory)


def _may_ask(rule: Rule) -> bool:
    """An ordinance's row is for one agency, by its local code; any other for a kind of agency."""
    is_one = len(rule.requester_kind) == 6 and rule.requester_kind.isdecimal() and rule.requester_kind.isascii()
    return is_one if rule.ordinance_of else rule.requester_kind in Agency.Kind
