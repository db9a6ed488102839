"""Custody of secret keys: one file per purpose and key id, mode 0600, outside every database.

A file `number-seal.1.key` holds 32 random bytes. The highest id of a purpose is the current key; older ones stay for
opening what they sealed. A process may load only the purposes of its doors (`settings.KEY_PURPOSES`).
"""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

KEY_BYTES = 32


class KeyNotHere(Exception):
    """The key is not in this process's custody: wrong door, or never made."""


class Key:
    """A secret of 32 bytes and its id. Its repr shows neither."""

    __slots__ = ("id", "material")

    def __init__(self, id: int, material: bytes) -> None:
        self.id = id
        self.material = material

    def __repr__(self) -> str:
        return "<Key>"


def current(purpose: str) -> Key:
    """The key that seals and signs today. Raises KeyNotHere."""
    _require(purpose)
    ids = _ids(purpose)
    if not ids and settings.KEYS_CREATE_MISSING:
        # Always the first: a process that finds none while another makes one must end up with the same key.
        _make(purpose, 1)
        ids = _ids(purpose)
    if not ids:
        raise KeyNotHere(f"No key for {purpose}: run manage.py make_keys.")
    return _load(settings.KEYS_DIR, purpose, max(ids))


def by_id(purpose: str, key_id: int) -> Key:
    """The key with this id, for opening what it once sealed. Raises KeyNotHere."""
    _require(purpose)
    return _load(settings.KEYS_DIR, purpose, key_id)


def every(purpose: str) -> list[Key]:
    """All keys of a purpose, the current one first."""
    newest = current(purpose)
    return [newest] + [by_id(purpose, i) for i in sorted(_ids(purpose), reverse=True) if i != newest.id]


def create(purpose: str) -> int:
    """Make the next key of a purpose and return its id. Two at once get one key: the first link wins."""
    _require(purpose)
    key_id = max(_ids(purpose), default=0) + 1
    _make(purpose, key_id)
    return key_id


def signing_key(purpose: str) -> Ed25519PrivateKey:
    """The current key of a purpose as an Ed25519 private key (RFC 8032); the file is its seed."""
    return Ed25519PrivateKey.from_private_bytes(current(purpose).material)


def _require(purpose: str) -> None:
    if purpose not in settings.KEY_PURPOSES:
        raise KeyNotHere(f"The key for {purpose} belongs to another door than this process opens.")


def _make(purpose: str, key_id: int) -> None:
    directory = Path(settings.KEYS_DIR)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = directory / f".{purpose}.{secrets.token_hex(8)}.draft"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A hard link appears whole or not at all, and never replaces a key that another process has just made.
        os.link(draft, directory / f"{purpose}.{key_id}.key")
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _ids(purpose: str) -> tuple[int, ...]:
    try:
        changed = Path(settings.KEYS_DIR).stat().st_mtime_ns
    except FileNotFoundError:
        return ()
    return _ids_in(Path(settings.KEYS_DIR), changed).get(purpose, ())


@lru_cache(maxsize=8)
def _ids_in(directory: Path, changed: int) -> dict[str, tuple[int, ...]]:
    """Key ids by purpose. `changed` is the directory's time stamp, so that a new key is seen at once."""
    found: dict[str, tuple[int, ...]] = {}
    for path in directory.glob("*.*.key"):
        purpose, key_id, _ = path.name.rsplit(".", 2)
        found[purpose] = (*found.get(purpose, ()), int(key_id))
    return found


@lru_cache(maxsize=256)
def _load(directory: Path, purpose: str, key_id: int) -> Key:
    try:
        material = (Path(directory) / f"{purpose}.{key_id}.key").read_bytes()
    except FileNotFoundError:
        raise KeyNotHere(f"No key {key_id} for {purpose}.") from None
    if len(material) != KEY_BYTES:
        raise KeyNotHere(f"Key {key_id} for {purpose} is damaged: it must be {KEY_BYTES} bytes.")
    return Key(key_id, material)
