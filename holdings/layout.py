"""Layouts of copies (データ標準レイアウト): which items a data set has, and what each may say; JSON Schema 2020-12.

`layouts/<data set>.<version>.json`. An item has a value in the form of its unit, or a reason for having none. A layout
is never edited once it is in force: a new version gets a file of its own, and `valid_to` ends the former one. Copies
that were registered under a layout keep its version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

DIRECTORY = Path(__file__).parent / "layouts"
NULL_REASONS = ("NOT_APPLICABLE", "NOT_HELD", "WITHHELD", "NOT_YET_FIXED")
_NONE = "none"
_REFERENCE = "#/$defs/"


class BrokenLayout(ValueError):
    """A file among the layouts is not a layout."""


@dataclass(frozen=True)
class Layout:
    """One version of one data set's layout."""

    data_set: str
    version: int
    valid_from: date
    valid_to: date | None
    schema: Mapping[str, Any]

    @property
    def items(self) -> dict[str, str]:
        """The form of each item ("yen", "day", …) by its code, as the file names it."""
        return {code: self._form_of(entry) for code, entry in self.schema["properties"].items()}

    @property
    def names(self) -> dict[str, tuple[str, str]]:
        """The names of each item, in Japanese and English."""
        return {code: (entry["title"], entry["description"]) for code, entry in self.schema["properties"].items()}

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def faults(self, items: Any) -> list[tuple[str, str]]:
        """What is wrong with the items of a copy: the item's code (empty: the whole) and a sentence for each.

        A sentence says what the layout wants. It repeats neither a value nor an unknown name.
        """
        if self._validator.is_valid(items):
            return []
        return sorted({self._in_words(error) for error in self._validator.iter_errors(items)})

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def _in_words(self, error: ValidationError) -> tuple[str, str]:
        item = str(error.absolute_path[0]) if error.absolute_path else ""
        if item in self.schema["properties"]:
            wanted = self.schema["$defs"][self._form_of(self.schema["properties"][item])]["description"]
            return item, f'Must be {{"value": …}} or {{"null_reason": …}} with one of the four reasons. {wanted}'
        match error.validator:
            case "required":
                missing = [code for code in self.schema["required"] if code not in error.instance]
                return "", f"Lacks these items, which need a value or a reason: {', '.join(missing)}."
            case "additionalProperties":
                return "", "Has an item that the layout does not have."
        return "", "Must be an object of items."

    @staticmethod
    def _form_of(entry: Mapping[str, Any]) -> str:
        return str(entry["oneOf"][0]["$ref"].removeprefix(_REFERENCE))


@lru_cache(maxsize=1)
def all_layouts() -> dict[tuple[str, int], Layout]:
    """Every layout by data set and version. Raises BrokenLayout."""
    return {(each.data_set, each.version): each for each in _read(DIRECTORY)}


def in_force(data_set: str, version: int, on: date) -> Layout | None:
    """The layout of that version, if copies may be registered under it on that day."""
    layout = all_layouts().get((data_set, version))
    return layout if layout and layout.is_in_force(on) else None


def newest(data_set: str, on: date) -> Layout | None:
    """The newest layout of the data set that is in force on that day."""
    found = [each for each in all_layouts().values() if each.data_set == data_set and each.is_in_force(on)]
    return max(found, key=lambda each: each.version, default=None)


def faults(directory: Path | None = None) -> list[str]:
    """What is wrong with the files, a sentence for each: for the system check."""
    found = []
    for path in _files(directory or DIRECTORY):
        try:
            _layout(path)
        except BrokenLayout as fault:
            found.append(str(fault))
    return found


def _read(directory: Path) -> Iterator[Layout]:
    yield from (_layout(path) for path in _files(directory))


def _files(directory: Path) -> Sequence[Path]:
    return sorted(directory.glob("*.json"))


def _layout(path: Path) -> Layout:
    try:
        schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        valid_to = schema["valid_to"]
        layout = Layout(
            data_set=schema["data_set"],
            version=schema["version"],
            valid_from=date.fromisoformat(schema["valid_from"]),
            valid_to=None if valid_to is None else date.fromisoformat(valid_to),
            schema=schema,
        )
        sentence = _amiss(path, layout)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, SchemaError) as error:
        raise BrokenLayout(f"{path.name} is not a layout ({type(error).__name__}).") from None
    if sentence:
        raise BrokenLayout(f"{path.name}: {sentence}")
    return layout


def _amiss(path: Path, layout: Layout) -> str:
    """Beyond JSON Schema's own rules: a layout is closed, complete, and lets absence have no other reason than four."""
    schema = layout.schema
    if path.name != f"{layout.data_set}.{layout.version}.json":
        return "the file's name is not its data set and version."
    if layout.valid_to and layout.valid_to < layout.valid_from:
        return "it ends before it begins."
    if schema["type"] != "object" or schema["additionalProperties"] is not False:
        return "it takes items that it does not name."
    if sorted(schema["required"]) != sorted(schema["properties"]) or not schema["properties"]:
        return "it lets an item be left out without a reason."
    if tuple(schema["$defs"][_NONE]["properties"]["null_reason"]["enum"]) != NULL_REASONS:
        return "it knows other reasons than the four."
    for code, entry in schema["properties"].items():
        forms = [choice["$ref"].removeprefix(_REFERENCE) for choice in entry["oneOf"]]
        if len(forms) != 2 or forms[1] != _NONE or forms[0] == _NONE or not {"title", "description"} <= set(entry):
            return f"item {code} is not a value or a reason."
        for form in forms:
            if schema["$defs"][form]["additionalProperties"] is not False or not schema["$defs"][form]["description"]:
                return f"item {code} may say more than a value or a reason."
    return ""
