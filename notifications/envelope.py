"""Envelopes: each owner (a mailbox, a bill) is sealed under a key of its own, derived from the custody key.

The custody key "mailbox-seal" never encrypts anything itself: `HMAC-SHA256(key, "envelope" ‖ owner id)` is the owner's
AES-256 key. A stolen derived key opens one mailbox and no other, and the database holds neither.
"""

from __future__ import annotations

from uuid import UUID

from keys import custody
from keys.sealing import key_id_of, keyed_hash, open_with, seal_with

_PURPOSE = "mailbox-seal"


def seal_for(owner: UUID, content: str | bytes, *, context: str) -> bytes:
    """Seal `content` for one owner; `context` names the row and column, as "room.Model.column:<uuid>"."""
    plain = content.encode() if isinstance(content, str) else content
    key_id = custody.current(_PURPOSE).id
    return seal_with(_key_of(owner, key_id), plain, context=context, key_id=key_id)


def open_for(owner: UUID, sealed: bytes, *, context: str) -> bytes:
    """What `seal_for` sealed for this owner and this place. Raises keys.sealing.CannotOpen, keys.custody.KeyNotHere."""
    return open_with(_key_of(owner, key_id_of(sealed)), sealed, context=context)


def _key_of(owner: UUID, key_id: int) -> bytes:
    return keyed_hash(_PURPOSE, "envelope", owner.bytes, key_id=key_id)
