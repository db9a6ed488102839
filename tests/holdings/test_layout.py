"""Layouts: what each item may say, in words that repeat nothing; and what is no layout."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from holdings import layout
from holdings.layout import BrokenLayout
from tests.holdings.kept import LOCAL_TAX, SALARY, TOTAL_INCOME, WRONG, WRONG_CONTENTS, tax

LAYOUTS = list(layout.all_layouts().values())
# One item of each form.
OF_FORM = {form: (each, code) for each in LAYOUTS for code, form in each.items.items()}


def good_items(each: layout.Layout) -> dict[str, Any]:
    return {code: {"null_reason": "NOT_HELD"} for code in each.items}


def test_every_data_set_that_agencies_hold_has_one_with_the_items_of_the_standard():
    with (Path(settings.BASE_DIR) / "exchange" / "items.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    standard = {(row["data_set"], row["code"], row["name_ja"], row["name_en"]) for row in rows}
    assert {(each.data_set, code, *names) for each in LAYOUTS for code, names in each.names.items()} == standard
    assert layout.faults() == []


@pytest.mark.parametrize(("form", "value"), [(form, value) for form, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_by_its_item_and_never_repeated(form, value):
    each, code = OF_FORM[form]
    faults = each.faults(good_items(each) | {code: {"value": value}})
    assert [item for item, _ in faults] == [code]
    if len(str(value).strip()) > 5:
        assert str(value).strip() not in str(faults)


@pytest.mark.parametrize("form", WRONG)
@pytest.mark.parametrize("content", WRONG_CONTENTS, ids=str)
def test_an_item_is_a_value_or_a_reason(form, content):
    each, code = OF_FORM[form]
    faults = each.faults(good_items(each) | {code: content})
    assert [item for item, _ in faults] == [code]
    assert "Hanako" not in str(faults)


def test_absence_needs_its_item_and_unknown_items_are_not_repeated():
    local_tax = layout.all_layouts()[LOCAL_TAX, 1]
    assert local_tax.faults(tax()) == []
    without = {code: content for code, content in tax().items() if code != TOTAL_INCOME}
    [(item, sentence)] = local_tax.faults(without)
    assert (item, TOTAL_INCOME in sentence) == ("", True)
    [(item, sentence)] = local_tax.faults(tax() | {"山田花子": {"value": "1"}})
    assert (item, "花子" in sentence) == ("", False)
    assert [item for item, _ in local_tax.faults(["山田花子"])] == [""]


def test_all_faults_are_named_at_once():
    local_tax = layout.all_layouts()[LOCAL_TAX, 1]
    wrong = tax("x") | {"0200000030": {"value": "-1"}, "unknown": {"value": "1"}}
    assert [item for item, _ in local_tax.faults(wrong)] == ["", TOTAL_INCOME, "0200000030"]


def test_it_is_in_force_from_a_day_on_and_to_another():
    [first] = [each for each in LAYOUTS if each.data_set == LOCAL_TAX]
    assert layout.in_force(LOCAL_TAX, 1, date(2024, 5, 26)) is None
    assert layout.in_force(LOCAL_TAX, 1, date(2024, 5, 27)) is first
    assert layout.newest(LOCAL_TAX, date(2026, 1, 1)) is first
    assert [layout.in_force(LOCAL_TAX, 2, date(2026, 1, 1)), layout.newest("TM", date(2026, 1, 1))] == [None, None]


def changed(**changes: Any) -> dict[str, Any]:
    schema = json.loads((layout.DIRECTORY / f"{LOCAL_TAX}.1.json").read_text())
    return {name: value for name, value in (schema | changes).items() if value is not ...}


GOOD = changed()
BROKEN = {
    "no json": "{",
    "a list": [],
    "no version": changed(version=...),
    "another version": changed(version=2),
    "another data set": changed(data_set="TM00000000000001"),
    "ends first": changed(valid_to="2020-01-01"),
    "no day": changed(valid_from="soon"),
    "open": changed(additionalProperties=True),
    "no schema": changed(type="thing"),
    "no items": changed(properties={}, required=[]),
    "left out": changed(required=[]),
    "a fifth reason": changed(
        **{"$defs": GOOD["$defs"] | {"none": {"properties": {"null_reason": {"enum": ["BECAUSE"]}}}}}
    ),
    "no reason": changed(
        properties=GOOD["properties"]
        | {TOTAL_INCOME: {"title": "x", "description": "x", "oneOf": [{"$ref": "#/$defs/yen"}]}}
    ),
    "no name": changed(properties=GOOD["properties"] | {TOTAL_INCOME: {"oneOf": GOOD["properties"][SALARY]["oneOf"]}}),
    "no form": changed(**{"$defs": {name: form for name, form in GOOD["$defs"].items() if name != "yen"}}),
    "anything": changed(properties=GOOD["properties"] | {TOTAL_INCOME: True}),
    "more than a value": changed(
        **{"$defs": GOOD["$defs"] | {"yen": GOOD["$defs"]["yen"] | {"additionalProperties": True}}}
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_layout_is_named(tmp_path, name):
    content = BROKEN[name]
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / f"{LOCAL_TAX}.1.json").write_text(text)
    [fault] = layout.faults(tmp_path)
    assert fault.startswith(f"{LOCAL_TAX}.1.json")
    with pytest.raises(BrokenLayout):
        list(layout._read(tmp_path))
