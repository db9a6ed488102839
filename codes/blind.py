"""Blind conversion (mode M1): the exchange turns A's code into B's without seeing either.

A encrypts its code to the provider B and, with the same randomness, to the portal P:

    C0 = r·B    C_B = c_A + r·Y_B    C_P = c_A + r·Y_P    and a proof that both hide one code (codes.proofs)

The exchange checks the proof, multiplies each by its factor and rerandomises (`rist1.scale`): `(n·C0 + t·B, n·C_B +
t·Y_B)`. B opens its own code, the portal its own: what a person is shown as asked about her is what was asked. The
codes are those of the direct mode (M0); nothing is coded anew.
"""

from __future__ import annotations

from typing import NamedTuple

from codes import proofs, rist1
from codes.rist1 import Blinded


class Question(NamedTuple):
    """One code, encrypted to the provider and to the portal, with the proof that it is one."""

    ephemeral: bytes
    for_provider: bytes
    for_portal: bytes
    proof: bytes

    def __repr__(self) -> str:
        return "<Question>"


class Keys(NamedTuple):
    """The public keys that a question is encrypted to."""

    provider: bytes
    portal: bytes


def transaction_of(*, inquirer: str, epoch: int, provider: str, number: bytes) -> bytes:
    """What a proof is bound to: who asks whom, of which epoch the hidden code is, and the id of this transaction."""
    return f"{inquirer}\n{epoch}\n{provider}\n".encode() + number


def ask(code: bytes, *, keys: Keys, transaction: bytes) -> Question:
    """Encrypt the code twice, as the inquirer does. Raises MalformedCode for a value that is not a point."""
    secret = rist1.new_scalar()
    ephemeral, for_provider = rist1.blind_with(secret, rist1.checked_point(code), keys.provider)
    for_portal = rist1.blind_with(secret, code, keys.portal).body
    proof = proofs.prove_one_code(
        secret=secret, keys=keys, ephemeral=ephemeral, bodies=(for_provider, for_portal), transaction=transaction
    )
    return Question(ephemeral, for_provider, for_portal, proof)


def checked(question: Question, *, keys: Keys, transaction: bytes) -> tuple[Blinded, Blinded]:
    """The provider's and the portal's ciphertext, after the check that they hide one code. Raises ProofRejected."""
    proofs.check_one_code(
        question.proof,
        keys=keys,
        ephemeral=question.ephemeral,
        bodies=(question.for_provider, question.for_portal),
        transaction=transaction,
    )
    return (
        Blinded(question.ephemeral, question.for_provider),
        Blinded(question.ephemeral, question.for_portal),
    )
