"""Blind conversion: the same codes as in the direct mode, and no question that hides two persons."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes import blind, rist1
from codes.blind import Keys, Question
from codes.proofs import ProofRejected
from codes.rist1 import Blinded, MalformedCode
from tests.codes.test_proofs import changed, plus_order

SECRETS = st.binary(min_size=32, max_size=32)


def scalar(number: int) -> bytes:
    return rist1.private_key_from(bytes([number]) * 32)


PROVIDER, PORTAL, U_A, U_B, U_P = (scalar(number) for number in (1, 2, 3, 4, 5))
KEYS = Keys(rist1.public_key(PROVIDER), rist1.public_key(PORTAL))
PERSON = rist1.person_point(bytes(32))
CODE = rist1.multiply(PERSON, U_A)
TRANSACTION = blind.transaction_of(inquirer="132080", epoch=1, provider="132047", number=bytes(16))

# Made with the randomness of scalar(11), scalar(12), … in the order of use.
FROZEN = Question(
    *(
        bytes.fromhex(value)
        for value in (
            "da98bf55fb7ba987ab855ec8b1b311e670c6da74a150933337e5710e7964cb78",
            "a6ecfe90437a6de9b7d88ceefb912a1314bf01fa3ee778d75fb031bfbce96a72",
            "5c1b1ca5888a20d78dd8731c14ed1dcc82aaae25c59ce745211b1a6ce56cff76",
            "2fdd23c5749f8144fbdfe0de60858cab4c3fecedf1795613f22c3bba3bc3c90b"
            "11f138b1140175ae9fa0f549daa2e0c36eaa65291672b4f062c5836168bfe30d",
        )
    )
)
FROZEN_FOR_PROVIDER = Blinded(
    bytes.fromhex("feadb59706247dad8ed7d1e3e800fc7462daac7d930f0767ef72152850d0f336"),
    bytes.fromhex("f47fb530fef81966af2d5459472412a9e473d14be2f8507c008c9267ff4ac31e"),
)
FROZEN_CODES = (
    "00a546fe8b7a3ee8f1957780c09f32d0c9d375b4d0323132dc899f7a3c6c107c",
    "16b7fecaf9f35cf2e560a059f5f5b6927400544bbaa2fa7b371e90bee2373d69",
)


def test_frozen_question_answers_and_codes(monkeypatch):
    randomness = iter([scalar(11), scalar(12), scalar(13)])
    monkeypatch.setattr(rist1, "new_scalar", lambda: next(randomness))
    assert tuple(blind.ask(CODE, keys=KEYS, transaction=TRANSACTION)) == tuple(FROZEN)
    for_provider, for_portal = blind.checked(FROZEN, keys=KEYS, transaction=TRANSACTION)
    assert rist1.scale(for_provider, rist1.conversion_factor(U_A, U_B), KEYS.provider) == FROZEN_FOR_PROVIDER
    monkeypatch.undo()
    to_portal = rist1.scale(for_portal, rist1.conversion_factor(U_A, U_P), KEYS.portal)
    opened = (rist1.unblind(FROZEN_FOR_PROVIDER, PROVIDER).hex(), rist1.unblind(to_portal, PORTAL).hex())
    assert opened == FROZEN_CODES
    assert opened[0] == rist1.multiply(CODE, rist1.conversion_factor(U_A, U_B)).hex()


@settings(max_examples=25, deadline=None)
@given(secret=SECRETS)
def test_blind_and_direct_conversion_give_one_code_for_all_triples(secret):
    point = rist1.person_point(secret)
    scalars, privates = ({name: rist1.new_scalar() for name in "ABP"} for _ in range(2))
    publics = {name: rist1.public_key(key) for name, key in privates.items()}
    codes = {name: rist1.multiply(point, scalars[name]) for name in "ABP"}
    for a, b, p in permutations("ABP"):
        keys = Keys(publics[b], publics[p])
        question = blind.ask(codes[a], keys=keys, transaction=b"1")
        assert not {codes[a], point} & set(question)
        for name, hidden in zip((b, p), blind.checked(question, keys=keys, transaction=b"1"), strict=True):
            factor = rist1.conversion_factor(scalars[a], scalars[name])
            converted = rist1.scale(hidden, factor, publics[name])
            assert not set(converted) & {*question, codes[name]}
            assert rist1.unblind(converted, privates[name]) == codes[name] == rist1.multiply(codes[a], factor)


@pytest.mark.parametrize("field", Question._fields)
def test_any_change_of_any_field_is_rejected(field):
    for value in changed(getattr(FROZEN, field)):
        with pytest.raises(ProofRejected):
            blind.checked(FROZEN._replace(**{field: value}), keys=KEYS, transaction=TRANSACTION)


@pytest.mark.parametrize("half", [0, 1])
def test_a_proof_has_one_form_only(half):
    halves = [FROZEN.proof[:32], FROZEN.proof[32:]]
    halves[half] = plus_order(halves[half])
    with pytest.raises(ProofRejected):
        blind.checked(FROZEN._replace(proof=b"".join(halves)), keys=KEYS, transaction=TRANSACTION)


@pytest.mark.parametrize(
    "other",
    [
        {"inquirer": "132063"},
        {"epoch": 2},
        {"provider": "132063"},
        {"number": bytes(15) + b"\1"},
    ],
)
def test_a_question_is_for_one_transaction(other):
    facts = {"inquirer": "132080", "epoch": 1, "provider": "132047", "number": bytes(16), **other}
    with pytest.raises(ProofRejected):
        blind.checked(FROZEN, keys=KEYS, transaction=blind.transaction_of(**facts))


def test_a_question_is_for_its_two_keys():
    other = rist1.public_key(scalar(6))
    for keys in (Keys(other, KEYS.portal), Keys(KEYS.provider, other), Keys(KEYS.portal, KEYS.provider)):
        with pytest.raises(ProofRejected):
            blind.checked(FROZEN, keys=keys, transaction=TRANSACTION)


def test_with_one_key_for_both_nothing_is_proved():
    keys = Keys(KEYS.provider, KEYS.provider)
    with pytest.raises(ProofRejected):
        blind.checked(FROZEN, keys=keys, transaction=TRANSACTION)
    with pytest.raises(MalformedCode):
        blind.ask(CODE, keys=keys, transaction=TRANSACTION)


def test_who_hides_two_persons_finds_no_proof(monkeypatch):
    """The inquirer asks the provider about one and tells the portal of another: no honest prover's proof fits."""
    stranger = rist1.multiply(rist1.person_point(b"x" * 32), U_A)
    monkeypatch.setattr(rist1, "new_scalar", lambda: scalar(11))
    honest = blind.ask(CODE, keys=KEYS, transaction=TRANSACTION)
    about_stranger = blind.ask(stranger, keys=KEYS, transaction=TRANSACTION)
    assert honest.ephemeral == about_stranger.ephemeral
    for proof in (honest.proof, about_stranger.proof):
        mixed = honest._replace(for_portal=about_stranger.for_portal, proof=proof)
        with pytest.raises(ProofRejected):
            blind.checked(mixed, keys=KEYS, transaction=TRANSACTION)


def test_two_questions_about_one_person_share_nothing_and_show_nothing():
    first, second = (blind.ask(CODE, keys=KEYS, transaction=TRANSACTION) for _ in range(2))
    assert not set(first) & set(second)
    assert repr(first) == "<Question>"


@pytest.mark.parametrize("value", [bytes(32), b"\xff" * 32, b"", CODE[:-1]])
def test_a_value_that_is_no_code_is_not_encrypted(value):
    with pytest.raises(MalformedCode):
        blind.ask(value, keys=KEYS, transaction=TRANSACTION)
