"""The cards that lie in this reader: in the demo, files in a directory; a file is a card that is inserted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple, Protocol

from cards.chip.applications import AUTHENTICATION
from cards.chip.card import VirtualCard
from cards.chip.memory import CardFile, CardRemoved

READY, NEW, LOCKED = "ready", "new", "locked"
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Inserted(NamedTuple):
    """A card as its holder sees it. `state`: ready, new (no keys yet) or locked (no try left)."""

    slug: str
    name: str
    latin_name: str
    state: str

    def __repr__(self) -> str:
        return "<Inserted>"


class Connection(Protocol):
    """A card that answers commands, wherever it lies."""

    def transmit(self, command: bytes) -> bytes: ...

    def power_off(self) -> None: ...


class Readers(Protocol):
    """More places in which cards lie: real readers."""

    def inserted(self) -> list[Inserted]: ...

    def card(self, slug: str) -> Connection: ...


class Slots:
    """The directory of demo cards, and real readers where there are any."""

    def __init__(self, directory: Path, readers: Readers | None = None) -> None:
        self._directory = Path(directory)
        self._readers = readers

    def inserted(self) -> list[Inserted]:
        """The cards that are in, by file name. A file that is no card is passed over."""
        found = []
        for path in sorted(self._directory.glob("*.card")):
            try:
                with CardFile(path).opened() as memory:
                    pin = memory.pins[AUTHENTICATION]
                    state = LOCKED if not pin.tries_left else READY if memory.keys else NEW
                    found.append(Inserted(path.stem, memory.printed["name"], memory.printed["latin_name"], state))
            except (CardRemoved, ValueError, KeyError, OSError):
                continue
        return found + (self._readers.inserted() if self._readers else [])

    def card(self, slug: str) -> Connection:
        """A connection to the card. Raises CardRemoved when it is not in."""
        if not _SLUG.fullmatch(slug):
            raise CardRemoved
        file = CardFile(self._directory / f"{slug}.card")
        if not file.is_there():
            if self._readers is not None:
                return self._readers.card(slug)
            raise CardRemoved
        return VirtualCard(file)
