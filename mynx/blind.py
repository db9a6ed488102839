"""What an agency proves and hides by itself: that it has its key, and a code that the exchange does not see.

A blind question hides the code c with one random r from all but the provider (key Y) and the portal (key Z): `r * B`,
`c + r * Y`, `c + r * Z`; and proves that both hide one code. Proofs are Schnorr's, with SHA-512 over every value of the
statement, each with its length before it: 64 bytes, challenge and response, little-endian.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from mynx.ristretto import BASE, ORDER, add, multiply, subtract

_POSSESSION = b"myn/key-possession/v1"
_EQUALITY = b"myn/one-code-for-two/v1"


class Question(NamedTuple):
    """One code, hidden twice, and the proof."""

    ephemeral: bytes
    for_provider: bytes
    for_portal: bytes
    proof: bytes


def new_secret() -> int:
    """A random scalar, never zero."""
    return 1 + secrets.randbelow(ORDER - 1)


def public_key(private_key: bytes) -> bytes:
    return multiply(int.from_bytes(private_key, "little"), BASE)


def possession(private_key: bytes, *, owner: str) -> bytes:
    """The proof that the agency with this local code has the private key."""
    key = public_key(private_key)
    secret = int.from_bytes(private_key, "little")
    return _prove([BASE], [key], secret, _POSSESSION, owner.encode(), key)


def ask(
    code: bytes, *, epoch: int, inquirer: str, provider: str, provider_key: bytes, portal_key: bytes, number: bytes
) -> Question:
    """Hide the code. The proof is bound to who asks whom, to the code's epoch and to the transaction's number."""
    secret = new_secret()
    ephemeral = multiply(secret, BASE)
    for_provider, for_portal = (add(code, multiply(secret, key)) for key in (provider_key, portal_key))
    proof = _prove(
        [BASE, subtract(provider_key, portal_key)],
        [ephemeral, subtract(for_provider, for_portal)],
        secret,
        _EQUALITY,
        f"{inquirer}\n{epoch}\n{provider}\n".encode() + number,
        provider_key,
        portal_key,
        ephemeral,
        for_provider,
        for_portal,
    )
    return Question(ephemeral, for_provider, for_portal, proof)


def _prove(bases: Sequence[bytes], images: Sequence[bytes], secret: int, *statement: bytes) -> bytes:
    nonce = new_secret()
    hashed = hashlib.sha512()
    for value in (*statement, *bases, *images, *(multiply(nonce, base) for base in bases)):
        hashed.update(len(value).to_bytes(4, "big") + value)
    challenge = int.from_bytes(hashed.digest(), "little") % ORDER
    response = (nonce + challenge * secret) % ORDER
    return challenge.to_bytes(32, "little") + response.to_bytes(32, "little")
