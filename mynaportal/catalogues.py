"""The Japanese texts: each room keeps its own part under locale/parts, merged here into what Django loads.

The parts are the source. The merged `django.mo` is made from them without the gettext tools and never committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

BASE_DIR = Path(__file__).resolve().parent.parent
PARTS = BASE_DIR / "locale" / "parts"
COMPILED = BASE_DIR / "locale" / "ja" / "LC_MESSAGES" / "django.mo"

# A text's identity: its context, and its English (singular where there are two forms).
Key = tuple[str | None, str]


class CatalogueError(Exception):
    """The parts contradict each other, or one of them is not ready to be read by a citizen."""


def compile_all(*, parts: Path = PARTS, target: Path = COMPILED) -> int | None:
    """Write the merged catalogue and return its number of texts, or None when it is up to date already."""
    if is_current(parts=parts, target=target):
        return None
    catalogue = merged(parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.draft")
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    # Replaced in one step: a server that starts meanwhile reads the old one or the new one, never half of it.
    draft.replace(target)
    return len(catalogue)


def is_current(*, parts: Path = PARTS, target: Path = COMPILED) -> bool:
    """Whether nothing among the parts is newer than the compiled catalogue (a removed part changes the directory)."""
    if not target.exists():
        return False
    made = target.stat().st_mtime_ns
    return all(path.stat().st_mtime_ns < made for path in [parts, *parts.glob("*.po")])


def merged(parts: Path = PARTS) -> Catalog:
    """All parts in one catalogue. Raises CatalogueError naming every contradiction, fuzzy and empty translation."""
    catalogue = Catalog(locale="ja", fuzzy=False)
    told_by: dict[Key, Path] = {}
    faults = []
    for path, message in _messages(parts):
        where = f"{path.name}:{message.lineno or '?'}"
        if message.fuzzy:
            faults.append(f"{where}: {key_of(message)[1]!r} is marked fuzzy")
        if not is_translated(message):
            faults.append(f"{where}: {key_of(message)[1]!r} has no translation")
        known = catalogue.get(_singular(message), context=message.context)
        if known is not None and known.string != message.string:
            faults.append(
                f"{where}: {key_of(message)[1]!r} is translated otherwise in {told_by[key_of(message)].name}"
                f" ({known.string!r} there, {message.string!r} here)"
            )
            continue
        told_by.setdefault(key_of(message), path)
        catalogue.add(message.id, message.string, flags=message.flags, context=message.context)
    if faults:
        raise CatalogueError("\n".join(faults))
    return catalogue


def key_of(message: Message) -> Key:
    """Context and English text."""
    return (message.context, _singular(message))


def is_translated(message: Message) -> bool:
    """Whether every form of the message has a text (Japanese has one form for all numbers)."""
    forms = message.string if isinstance(message.string, list | tuple) else (message.string,)
    return bool(forms) and all(forms)


def keys_in(parts: Path = PARTS) -> dict[Key, str]:
    """Every text that the parts translate, with the name of the part."""
    return {key_of(message): path.stem for path, message in _messages(parts)}


def _messages(parts: Path) -> Iterator[tuple[Path, Message]]:
    for path in sorted(parts.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale="ja", abort_invalid=True)
        for message in catalogue:
            if message.id:
                yield path, message


def _singular(message: Message) -> str:
    return message.id[0] if isinstance(message.id, list | tuple) else message.id
