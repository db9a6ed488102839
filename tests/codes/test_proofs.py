"""Proofs: what is true is accepted, and nothing else, however a value is changed."""

from __future__ import annotations

import pytest

from codes import proofs, rist1
from codes.proofs import ProofRejected
from codes.rist1 import MalformedCode

KEY = rist1.private_key_from(bytes([1]) * 32)
Y = rist1.public_key(KEY)
# The order of the group (RFC 9496 section 4.4): a scalar is smaller.
ORDER = 2**252 + 27742317777372353535851937790883648493


def plus_order(scalar: bytes) -> bytes:
    """The same scalar in a form that is not canonical."""
    return (int.from_bytes(scalar, "little") + ORDER).to_bytes(32, "little")


def changed(value: bytes) -> list[bytes]:
    """The value with one bit turned at either end and in the middle, cut, extended, empty, and another point."""
    flipped = [value[:i] + bytes([value[i] ^ 1]) + value[i + 1 :] for i in (0, len(value) // 2, len(value) - 1)]
    return [*flipped, value[:-1], value + b"\0", b"", bytes(len(value)), rist1.public_key(rist1.new_scalar())]


def test_who_has_the_key_proves_it():
    proof = proofs.prove_possession(KEY, owner="132047")
    proofs.check_possession(proof, public_key=Y, owner="132047")
    assert len(proof) == proofs.PROOF_BYTES and KEY not in proof
    assert proofs.prove_possession(KEY, owner="132047") != proof


def test_a_proof_of_possession_is_for_one_key_and_one_owner():
    proof = proofs.prove_possession(KEY, owner="132047")
    for public_key, owner in ((Y, "132080"), (Y, ""), (rist1.public_key(rist1.new_scalar()), "132047")):
        with pytest.raises(ProofRejected):
            proofs.check_possession(proof, public_key=public_key, owner=owner)


def test_any_change_of_a_proof_of_possession_is_rejected():
    proof = proofs.prove_possession(KEY, owner="132047")
    others = [*changed(proof), plus_order(proof[:32]) + proof[32:], proof[:32] + plus_order(proof[32:])]
    for other in others:
        with pytest.raises(ProofRejected):
            proofs.check_possession(other, public_key=Y, owner="132047")


@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32, b""])
def test_a_key_that_is_no_point_is_malformed(key):
    with pytest.raises(MalformedCode):
        proofs.check_possession(bytes(64), public_key=key, owner="132047")


def test_a_key_made_from_anothers_cannot_be_proved():
    """Y' = Y_other − Y: who registered that could open what was meant for another."""
    rogue = rist1.multiply(Y, rist1.new_scalar())
    with pytest.raises(ProofRejected):
        proofs.check_possession(proofs.prove_possession(KEY, owner="132047"), public_key=rogue, owner="132047")


def test_frozen_proof():
    """Made with nonce private_key_from(0f…): what was accepted once is accepted for ever."""
    proof = bytes.fromhex(
        "ce54e3c48dfbd2482387641ee8e194520aed399361ebac37b2dbd01e85474806"
        "bf8454a2d167c8469426c6c007d5ff93e7a9ed33d15812401929666bc0d6290a"
    )
    proofs.check_possession(proof, public_key=Y, owner="132047")
