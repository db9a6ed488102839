"""Scheme rist1: a person's code at each agency, in the group ristretto255 (RFC 9496).

One person has one point P, the hash of a random secret that never changes and is not the Individual Number. Agency A's
code for the person is `u_A · P`, where the scalar `u_A` is the exchange's alone and new in each epoch. Two codes of one
person cannot be matched without the scalars (decisional Diffie-Hellman); with them the exchange turns a code of A into
the code of B: `c_B = u_B · u_A⁻¹ · c_A`.

A code is issued blind: the register sends P encrypted to the agency (ElGamal), the exchange multiplies by `u_A` without
seeing P, and the agency opens the result. The register never sees a code, the exchange never sees P.

Shapes: a scalar, a point and a private key are 32 bytes, little-endian, canonical.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

import rbcl

_PERSON_POINT = b"myn/pid/v1"
_PRIVATE_KEY = b"myn/private-key/v1"
_IDENTITY = bytes(32)
_TEXT = re.compile(r"a([1-9][0-9]{0,3})-([a-z2-7]{52})")


class MalformedCode(ValueError):
    """The text is not a code: wrong form, or not a point of the group."""


@dataclass(frozen=True, slots=True, repr=False)
class Code:
    """An agency's code for a person: a point, and the epoch of the scalar that made it. Its repr shows neither."""

    value: bytes
    epoch: int

    def __str__(self) -> str:
        return "<Code>"

    __repr__ = __str__


class Blinded(NamedTuple):
    """A point encrypted to an agency's public key Y: `(r·B, M + r·Y)`."""

    ephemeral: bytes
    body: bytes

    def __repr__(self) -> str:
        return "<Blinded>"


def new_scalar() -> bytes:
    """A random scalar, never zero: an agency's private key, or the exchange's scalar for an agency and epoch."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_random())


def private_key_from(seed: bytes) -> bytes:
    """The private key (a scalar) that belongs to a secret seed of 32 bytes."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(hashlib.sha512(_PRIVATE_KEY + seed).digest()))


def public_key(private_key: bytes) -> bytes:
    """Y = y·B."""
    return bytes(rbcl.crypto_scalarmult_ristretto255_base(private_key))


def person_point(secret: bytes) -> bytes:
    """The person's point P: RFC 9496's one-way map of SHA-512 over the person's secret (32 bytes)."""
    return bytes(rbcl.crypto_core_ristretto255_from_hash(hashlib.sha512(_PERSON_POINT + secret).digest()))


def blind(point: bytes, recipient: bytes) -> Blinded:
    """Encrypt a point to the recipient's public key."""
    return blind_with(new_scalar(), point, recipient)


def blind_with(r: bytes, point: bytes, recipient: bytes) -> Blinded:
    """Encrypt with given randomness: for one point and several recipients (codes.blind), never for two points."""
    return Blinded(
        bytes(rbcl.crypto_scalarmult_ristretto255_base(r)),
        bytes(rbcl.crypto_core_ristretto255_add(point, rbcl.crypto_scalarmult_ristretto255(r, recipient))),
    )


def scale(blinded: Blinded, scalar: bytes, recipient: bytes) -> Blinded:
    """Multiply the hidden point by a scalar and rerandomise, without seeing it: `(u·C1 + t·B, u·C2 + t·Y)`."""
    t = new_scalar()
    mult, add = rbcl.crypto_scalarmult_ristretto255, rbcl.crypto_core_ristretto255_add
    return Blinded(
        add(mult(scalar, checked_point(blinded.ephemeral)), rbcl.crypto_scalarmult_ristretto255_base(t)),
        add(mult(scalar, checked_point(blinded.body)), mult(t, recipient)),
    )


def unblind(blinded: Blinded, private_key: bytes) -> bytes:
    """The hidden point: `C2 − y·C1`."""
    mask = rbcl.crypto_scalarmult_ristretto255(private_key, checked_point(blinded.ephemeral))
    return checked_point(rbcl.crypto_core_ristretto255_sub(checked_point(blinded.body), mask))


def conversion_factor(scalar_from: bytes, scalar_to: bytes) -> bytes:
    """`u_B · u_A⁻¹`, which turns every code of A into the same person's code of B."""
    return bytes(
        rbcl.crypto_core_ristretto255_scalar_mul(rbcl.crypto_core_ristretto255_scalar_invert(scalar_from), scalar_to)
    )


def multiply(point: bytes, scalar: bytes) -> bytes:
    """`scalar · point`. Raises MalformedCode for a value that is not a point."""
    try:
        # It looks itself whether the value is a point, and the product of the identity is refused like no point.
        return bytes(rbcl.crypto_scalarmult_ristretto255(scalar, point))
    except (RuntimeError, TypeError, ValueError):
        raise MalformedCode("Not a code: the value is not a point of the group.") from None


def checked_point(value: bytes) -> bytes:
    """The value itself when it is the canonical encoding of a point other than the identity. Raises MalformedCode."""
    if len(value) != 32 or value == _IDENTITY or not rbcl.crypto_core_ristretto255_is_valid_point(value):
        raise MalformedCode("Not a code: the value is not a point of the group.")
    return value


def format_code(code: Code) -> str:
    """The printed form: `a<epoch>-<52 letters of base32>`, which can never look like a 12-digit number."""
    return f"a{code.epoch}-{base64.b32encode(code.value).decode().rstrip('=').lower()}"


def parse_code(text: str) -> Code:
    """The code that `format_code` printed. Raises MalformedCode; the error never repeats the text."""
    match = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise MalformedCode("Not a code: the form is a<epoch>-<52 letters of base32>.")
    value = base64.b32decode(match[2].upper() + "====")
    code = Code(checked_point(value), int(match[1]))
    if format_code(code) != text:
        raise MalformedCode("Not a code: its last letter carries bits that no code has.")
    return code
