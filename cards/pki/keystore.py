"""Where an authority's private key lives: a file in development, a PKCS#11 token in production.

The rest of the house sees a key object of the library's own kind and `Authority`, never where the key is. A store knows
keys by name (`signature.1`); making one that is there already gives the one that is there.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class NoKey(Exception):
    """There is no key of this name, or the store does not open."""


class KeyStore(Protocol):
    """What a store must do. Two stores that are equal hold the same keys."""

    def make(self, name: str, curve: ec.EllipticCurve) -> None:
        """Make the key; two at once end up with one and the same."""

    def load(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The key, ready to sign. Raises NoKey."""

    def __hash__(self) -> int: ...


class KeyFiles:
    """Keys as PKCS #8 files `<name>.key` of mode 0600."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyFiles) and other.directory == self.directory

    def __hash__(self) -> int:
        return hash(self.directory)

    def make(self, name: str, curve: ec.EllipticCurve) -> None:
        content = ec.generate_private_key(curve).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        put(self._path(name), content)

    def load(self, name: str) -> ec.EllipticCurvePrivateKey:
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:
            raise NoKey(f"There is no key {name} here.") from None
        key = serialization.load_pem_private_key(data, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise NoKey(f"The key {name} is of another kind than an authority's.")
        return key

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.key"


def put(path: Path, content: bytes) -> None:
    """Write whole or not at all, and never over what another process has just put there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
