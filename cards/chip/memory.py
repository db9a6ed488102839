"""What the chip remembers, and the file that stands for its memory.

One card is one file of mode 0600, like a chip in a pocket: who holds the file holds the card. A change is durable
(written aside, fsynced, renamed, directory fsynced) before any answer leaves, under a lock that all processes share.

PINs are kept as salted scrypt values (RFC 7914), not as they were typed. The file itself protects the keys, and four
digits never withstand guessing by someone who has the file; but people use one PIN in many places, and a copied file
should not read it out.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

VERSION = 1
_COST = 2**11


class CardRemoved(Exception):
    """There is no card in this place any more."""


@dataclass(repr=False)
class Secret:
    """A PIN as the chip keeps it: a salted value, its limit, and how many tries are left."""

    salt: bytes
    value: bytes
    limit: int
    tries_left: int
    cost: int = _COST

    @classmethod
    def of(cls, plain: bytes, *, limit: int, cost: int = _COST) -> Secret:
        salt = secrets.token_bytes(16)
        return cls(salt, _stretch(plain, salt, cost), limit, limit, cost)

    def matches(self, plain: bytes) -> bool:
        return hmac.compare_digest(_stretch(plain, self.salt, self.cost), self.value)


def _stretch(plain: bytes, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(plain, salt=salt, n=cost, r=8, p=1, dklen=32)


@dataclass(repr=False)
class Memory:
    """The chip's whole memory. `printed` is what stands on the card's surface, for the person at the reader.

    `installed` names the applications of the free area that this card has.
    """

    serial: str
    printed: dict[str, str]
    pins: dict[str, Secret] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    alarms: int = 0
    destroyed: bool = False
    installed: set[str] = field(default_factory=set)
    photo: bytes = b""

    def to_bytes(self) -> bytes:
        content = {
            "version": VERSION,
            "serial": self.serial,
            "printed": self.printed,
            "pins": {
                name: {
                    "salt": _text(pin.salt),
                    "value": _text(pin.value),
                    "limit": pin.limit,
                    "tries_left": pin.tries_left,
                    "cost": pin.cost,
                }
                for name, pin in self.pins.items()
            },
            "keys": {name: _text(key) for name, key in self.keys.items()},
            "files": {name: _text(content) for name, content in self.files.items()},
            "alarms": self.alarms,
            "destroyed": self.destroyed,
            "installed": sorted(self.installed),
            "photo": _text(self.photo),
        }
        return json.dumps(content, ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Memory:
        content: dict[str, Any] = json.loads(data)
        if content["version"] != VERSION:
            raise ValueError("This card was made by another version.")
        pins = {
            name: Secret(_raw(pin["salt"]), _raw(pin["value"]), pin["limit"], pin["tries_left"], pin["cost"])
            for name, pin in content["pins"].items()
        }
        return cls(
            serial=content["serial"],
            printed=content["printed"],
            pins=pins,
            keys={name: _raw(key) for name, key in content["keys"].items()},
            files={name: _raw(file) for name, file in content["files"].items()},
            alarms=content["alarms"],
            destroyed=content["destroyed"],
            installed=set(content.get("installed", [])),
            photo=_raw(content.get("photo", "")),
        )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _raw(text: str) -> bytes:
    return base64.b64decode(text)


class Store(Protocol):
    """Where a chip's memory lies. `opened` is exclusive; `write` returns only when the change is durable."""

    def opened(self) -> contextlib.AbstractContextManager[Memory]: ...

    def write(self, memory: Memory) -> None: ...


class MemoryStore:
    """A memory without a file, for trying out commands."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def opened(self) -> Iterator[Memory]:
        with self._lock:
            yield copy.deepcopy(self._memory)

    def write(self, memory: Memory) -> None:
        self._memory = copy.deepcopy(memory)


class CardFile:
    """A memory in a file. `<slug>.card` is a card in its slot; a file `<slug>.removed` beside it takes it out."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._cached: tuple[tuple[int, int, int], Memory] | None = None

    def __repr__(self) -> str:
        return "<CardFile>"

    def is_there(self) -> bool:
        return self.path.is_file() and not self.path.with_suffix(".removed").exists()

    def create(self, memory: Memory) -> None:
        """Put a new card here. Raises FileExistsError when there is one."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            if self.path.exists():
                raise FileExistsError("There is a card in this place already.")
            self._replace(memory.to_bytes())

    @contextlib.contextmanager
    def opened(self) -> Iterator[Memory]:
        """The memory, with every other user of the card waiting. Raises CardRemoved."""
        if not self.is_there():
            raise CardRemoved
        with self._locked():
            yield self._read()

    def write(self, memory: Memory) -> None:
        """Make the change durable; call inside `opened`. Raises CardRemoved."""
        if not self.is_there():
            raise CardRemoved
        self._replace(memory.to_bytes())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # A file of its own: the card's file is replaced at each change, and a lock stays with what it was taken on.
        descriptor = os.open(self.path.with_name(f".{self.path.stem}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> Memory:
        try:
            status = self.path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._cached is None or self._cached[0] != stamp:
                self._cached = (stamp, Memory.from_bytes(self.path.read_bytes()))
        except FileNotFoundError:
            raise CardRemoved from None
        return copy.deepcopy(self._cached[1])

    def _replace(self, content: bytes) -> None:
        draft = self.path.with_name(f".{self.path.stem}.{secrets.token_hex(8)}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
