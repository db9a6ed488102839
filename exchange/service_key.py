"""The key by which this service is known to agencies' systems: it signs every answer, and whatever we send them.

The public half is at /api/keys; an agency pins it. Any process that answers agencies or asks them holds the key.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from keys import custody

PURPOSE = "response-signature"


def current() -> tuple[Ed25519PrivateKey, str]:
    """The key that signs today, and its keyid. Raises KeyNotHere."""
    private = custody.signing_key(PURPOSE)
    return private, _name(private)


def public_keys() -> list[dict[str, Any]]:
    """The public keys that what we sign is checked by, the current one first (RFC 7517)."""
    return [_public(Ed25519PrivateKey.from_private_bytes(key.material)) for key in custody.every(PURPOSE)]


@lru_cache(maxsize=8)
def _name(private: Ed25519PrivateKey) -> str:
    return str(_public(private)["kid"])


def _public(private: Ed25519PrivateKey) -> dict[str, Any]:
    """A public JWK whose kid is its thumbprint (RFC 7638)."""
    public = OKPKey.import_key(private.public_key())
    return {**public.as_dict(private=False), "kid": public.thumbprint(), "alg": "Ed25519", "use": "sig"}
