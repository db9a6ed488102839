"""Two proofs about points that show nothing else: who knows a private key, and that two ciphertexts hide one code.

Both are Schnorr's, made non-interactive by Fiat and Shamir with SHA-512 over every value of the statement. A proof is
64 bytes, the challenge c and the response s; both are scalars in their one canonical form, so that no second proof can
be made of a first one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import rbcl

from codes import rist1
from codes.rist1 import MalformedCode, checked_point

PROOF_BYTES = 64
_POSSESSION = b"myn/key-possession/v1"
_EQUALITY = b"myn/one-code-for-two/v1"
_BASE = rist1.public_key((1).to_bytes(32, "little"))


class ProofRejected(ValueError):
    """The proof does not show what it should: damaged, for another statement, or made without the secret."""


def prove_possession(private_key: bytes, *, owner: str) -> bytes:
    """That the owner knows the private key of Y = y·B. Who copies another's public key cannot copy this."""
    key = rist1.public_key(private_key)
    return _prove([_BASE], [key], private_key, _POSSESSION, owner.encode(), key)


def check_possession(proof: bytes, *, public_key: bytes, owner: str) -> None:
    """Raises MalformedCode for a key that is no point, ProofRejected where the owner has not proved its possession."""
    key = checked_point(public_key)
    _check(proof, [_BASE], [key], _POSSESSION, owner.encode(), key)


def prove_one_code(
    *, secret: bytes, keys: tuple[bytes, bytes], ephemeral: bytes, bodies: tuple[bytes, bytes], transaction: bytes
) -> bytes:
    """That `(r·B, M + r·Y1)` and `(r·B, M' + r·Y2)` hide one point: M = M' exactly when the difference of the bodies is
    r times the difference of the keys, with the r of the ephemeral (equality of discrete logarithms)."""
    bases, images = _statement(keys, ephemeral, bodies)
    return _prove(bases, images, secret, _EQUALITY, transaction, *keys, ephemeral, *bodies)


def check_one_code(
    proof: bytes, *, keys: tuple[bytes, bytes], ephemeral: bytes, bodies: tuple[bytes, bytes], transaction: bytes
) -> None:
    """Raises ProofRejected where the two ciphertexts may hide two codes, or were made for another transaction."""
    try:
        bases, images = _statement(keys, ephemeral, bodies)
    except MalformedCode:
        raise ProofRejected("The values are not points of the group, or the two keys are one.") from None
    _check(proof, bases, images, _EQUALITY, transaction, *keys, ephemeral, *bodies)


def _statement(
    keys: tuple[bytes, bytes], ephemeral: bytes, bodies: tuple[bytes, bytes]
) -> tuple[list[bytes], list[bytes]]:
    """The bases and their images under the secret. Y1 = Y2 would prove nothing: refused as identity."""
    return [_BASE, _difference(keys)], [checked_point(ephemeral), _difference(bodies)]


def _difference(pair: tuple[bytes, bytes]) -> bytes:
    first, second = (checked_point(value) for value in pair)
    return checked_point(bytes(rbcl.crypto_core_ristretto255_sub(first, second)))


def _prove(bases: Sequence[bytes], images: Sequence[bytes], secret: bytes, *statement: bytes) -> bytes:
    nonce = rist1.new_scalar()
    challenge = _challenge(*statement, *bases, *images, *(rist1.multiply(base, nonce) for base in bases))
    product = rbcl.crypto_core_ristretto255_scalar_mul(challenge, secret)
    return challenge + bytes(rbcl.crypto_core_ristretto255_scalar_add(nonce, product))


def _check(proof: bytes, bases: Sequence[bytes], images: Sequence[bytes], *statement: bytes) -> None:
    if len(proof) != PROOF_BYTES:
        raise ProofRejected("A proof is 64 bytes.")
    challenge, response = proof[:32], proof[32:]
    if not (_is_scalar(challenge) and _is_scalar(response)):
        raise ProofRejected("A proof is two scalars in their canonical form.")
    commitments = (
        bytes(
            rbcl.crypto_core_ristretto255_sub(
                rbcl.crypto_scalarmult_ristretto255(response, base),
                rbcl.crypto_scalarmult_ristretto255(challenge, image),
            )
        )
        for base, image in zip(bases, images, strict=True)
    )
    if _challenge(*statement, *bases, *images, *commitments) != challenge:
        raise ProofRejected("The proof does not fit the values.")


def _challenge(*values: bytes) -> bytes:
    """Every value with its length before it: no two statements hash alike."""
    hashed = hashlib.sha512()
    for value in values:
        hashed.update(len(value).to_bytes(4, "big") + value)
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(hashed.digest()))


def _is_scalar(value: bytes) -> bool:
    """Whether the value is below the group's order and not zero."""
    return value != bytes(32) and bytes(rbcl.crypto_core_ristretto255_scalar_reduce(value + bytes(32))) == value
