"""Public keys for other doors: one file per purpose beside the keys' directory, readable by all.

A door that only checks signatures must not hold the key that makes them. The signing door publishes
`<purpose>.pub` (one line per key: base64 of the 32 bytes of RFC 8032) in VAR_DIR; the checking door reads it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from keys import custody


def publish(purpose: str) -> None:
    """Write the public keys of a purpose that this door signs with, the current one first. Safe to repeat."""
    lines = [
        base64.b64encode(Ed25519PrivateKey.from_private_bytes(key.material).public_key().public_bytes_raw()).decode()
        for key in custody.every(purpose)
    ]
    text = "".join(f"{line}\n" for line in lines)
    path = _path(purpose)
    if path.is_file() and path.read_text() == text:
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(path)


def is_signed_by(purpose: str, signature: bytes, message: bytes) -> bool:
    """Whether one of the purpose's published keys made this Ed25519 signature. No file, no key: never."""
    return any(_verifies(key, signature, message) for key in _published(purpose))


def _published(purpose: str) -> list[Ed25519PublicKey]:
    try:
        lines = _path(purpose).read_text().split()
        return [Ed25519PublicKey.from_public_bytes(base64.b64decode(line, validate=True)) for line in lines]
    except (FileNotFoundError, binascii.Error, ValueError):
        return []


def _verifies(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _path(purpose: str) -> Path:
    return Path(settings.VAR_DIR) / f"{purpose}.pub"
