"""Sealing: AES-256-GCM (NIST SP 800-38D) under a key from custody, bound to the row that it is for.

A sealed value is `01 | key id (2 bytes) | nonce (12 bytes) | ciphertext and tag`. The nonce is random, so equal
contents never look alike. The context (which row, which column) is authenticated: a value moved elsewhere will not
open.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import custody

_VERSION = 1
_HEADER = 15  # version, key id, nonce


class CannotOpen(Exception):
    """The sealed value is damaged, or was sealed for another place."""


def seal(purpose: str, content: bytes, *, context: str) -> bytes:
    """Seal `content` under the purpose's current key; only the same `context` opens it again."""
    key = custody.current(purpose)
    return seal_with(key.material, content, context=context, key_id=key.id)


class Sealer:
    """As `seal`, for many values: the purpose's current key is asked for and set up once. Its repr shows nothing."""

    __slots__ = ("_cipher", "_header")

    def __init__(self, purpose: str) -> None:
        key = custody.current(purpose)
        self._cipher = AESGCM(key.material)
        self._header = _header_of(key.id)

    def __repr__(self) -> str:
        return "<Sealer>"

    def seal(self, content: bytes, *, context: str) -> bytes:
        nonce = os.urandom(12)
        return self._header + nonce + self._cipher.encrypt(nonce, content, context.encode())


def open_sealed(purpose: str, sealed: bytes, *, context: str) -> bytes:
    """The content of a sealed value. Raises CannotOpen, KeyNotHere."""
    sealed = bytes(sealed)
    return open_with(custody.by_id(purpose, key_id_of(sealed)).material, sealed, context=context)


def seal_with(key: bytes, content: bytes, *, context: str, key_id: int = 0) -> bytes:
    """As `seal`, under a key of 32 bytes that the caller holds (a session's own)."""
    nonce = os.urandom(12)
    return _header_of(key_id) + nonce + AESGCM(key).encrypt(nonce, content, context.encode())


def open_with(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """As `open_sealed`, with a key that the caller holds."""
    sealed = bytes(sealed)
    if len(sealed) < _HEADER or sealed[0] != _VERSION:
        raise CannotOpen("Not a sealed value.")
    try:
        return AESGCM(key).decrypt(sealed[3:_HEADER], sealed[_HEADER:], context.encode())
    except InvalidTag:
        raise CannotOpen("The sealed value is damaged or belongs elsewhere.") from None


def key_id_of(sealed: bytes) -> int:
    """The id of the key that a value was sealed under."""
    return int.from_bytes(bytes(sealed)[1:3], "big")


def keyed_hash(purpose: str, *parts: bytes | str, key_id: int | None = None) -> bytes:
    """HMAC-SHA256 over the length-prefixed parts: a value that only the holder of the key can compute or match."""
    key = custody.current(purpose) if key_id is None else custody.by_id(purpose, key_id)
    data = [part.encode() if isinstance(part, str) else part for part in parts]
    return hmac.digest(key.material, b"".join(len(each).to_bytes(4, "big") + each for each in data), "sha256")


def _header_of(key_id: int) -> bytes:
    return bytes([_VERSION]) + key_id.to_bytes(2, "big")
