"""Which texts the program shows: collected from templates and Python, without the gettext tools."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract
from django.utils.translation.template import templatize

from mynaportal.catalogues import BASE_DIR, Key

ROOMS = (
    "mynaportal",
    "residents",
    "numbering",
    "cards",
    "agencies",
    "exchange",
    "holdings",
    "accounts",
    "notifications",
    "payments",
    "procedures",
    "crossings",
    "portal",
    "api",
    "desk",
    "sandbox_bank",
)
# Which arguments of each function are the context and the text.
_FUNCTIONS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"), (None, 0)),
    **dict.fromkeys(("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"), (0, 1)),
}

# The same for what `templatize` writes, as Babel counts: from one, with the context marked.
_TEMPLATE_FUNCTIONS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def texts(base: Path = BASE_DIR) -> dict[Key, str]:
    """Every text to be translated, with the place where it first stands ("portal/views/home.py:12")."""
    found: dict[Key, str] = {}
    for path in _sources(base):
        for line, key in _texts_of(path):
            found.setdefault(key, f"{path.relative_to(base)}:{line}")
    return found


def room_of(place: str) -> str:
    """The part in which a text belongs: the room of its module or template."""
    parts = Path(place.rpartition(":")[0]).parts
    if parts[0] == "templates" and len(parts) > 2:
        return "desk" if parts[1] == "admin" else parts[1]
    return "portal" if parts[0] == "templates" else parts[0]


def _sources(base: Path) -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((base / room).rglob("*")):
            # The reader is a program of its own, with its own dictionary.
            is_ours = "migrations" not in path.parts and path.parent != base / "cards" / "reader"
            if path.suffix == ".py" and is_ours:
                yield path
    yield from sorted(path for path in (base / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def _texts_of(path: Path) -> Iterator[tuple[int, Key]]:
    source = path.read_text()
    if path.suffix == ".py":
        yield from _texts_of_python(ast.parse(source))
        return
    # Inside brackets Python knows no indentation, so the blanked-out rest of a template cannot offend the reader.
    lines = BytesIO(f"({templatize(source, origin=str(path))}\n)".encode())
    for line, message, _comments, context in extract("python", lines, keywords=_TEMPLATE_FUNCTIONS):
        yield line, (context, message[0] if isinstance(message, tuple) else message)


def _texts_of_python(tree: ast.AST) -> Iterator[tuple[int, Key]]:
    """By the syntax tree and not by the words, so that texts inside f-strings are found too."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in _FUNCTIONS:
            continue
        context, text = (None if i is None else _constant(node.args, i) for i in _FUNCTIONS[name])
        if text:
            yield node.lineno, (context, text)


def _constant(arguments: list[ast.expr], index: int) -> str | None:
    argument = arguments[index] if index < len(arguments) else None
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None
