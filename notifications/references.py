"""A sender's own reference, kept as a keyed value: what an agency writes there may say whom it is about.

The value is `HMAC-SHA256(key, sender ‖ series ‖ reference)`. The series keeps our own letters (a receipt) apart from
what a sender may have called the same. After a rotation of the key the older values are still found.
"""

from __future__ import annotations

from keys import custody
from keys.sealing import keyed_hash


def keyed_reference(purpose: str, *, sender: str, reference: str, series: str = "") -> str:
    """The value to store, under the current key. 64 hex digits."""
    return keyed_hash(purpose, sender, series, reference).hex()


def possible_references(purpose: str, *, sender: str, reference: str, series: str = "") -> list[str]:
    """The value under every key of the purpose, for finding a row that an older key wrote."""
    return [keyed_hash(purpose, sender, series, reference, key_id=key.id).hex() for key in custody.every(purpose)]
