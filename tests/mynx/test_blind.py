"""What the agency's side hides and proves by itself is what the house takes, and nothing else opens."""

from __future__ import annotations

import secrets

import pytest

from codes import blind as house
from codes import proofs, rist1
from codes.blind import Keys
from codes.proofs import ProofRejected
from mynx import blind

NUMBER = bytes(range(16))


def asked(code: bytes, keys: Keys, **changes: object) -> house.Question:
    about = {"epoch": 3, "inquirer": "132080", "provider": "132047", "number": NUMBER} | changes
    return house.Question(*blind.ask(code, provider_key=keys.provider, portal_key=keys.portal, **about))  # type: ignore[arg-type]


def test_a_question_is_taken_and_opens_as_the_code_on_both_sides() -> None:
    for _ in range(5):
        provider, portal = rist1.new_scalar(), rist1.new_scalar()
        keys = Keys(rist1.public_key(provider), rist1.public_key(portal))
        code = rist1.person_point(secrets.token_bytes(32))
        transaction = house.transaction_of(inquirer="132080", epoch=3, provider="132047", number=NUMBER)
        hidden = house.checked(asked(code, keys), keys=keys, transaction=transaction)
        assert [rist1.unblind(each, key) for each, key in zip(hidden, (provider, portal), strict=True)] == [code, code]


@pytest.mark.parametrize("change", [{"epoch": 4}, {"inquirer": "132047"}, {"provider": "1"}, {"number": bytes(16)}])
def test_the_proof_is_bound_to_all_that_it_says(change: dict[str, object]) -> None:
    keys = Keys(*(rist1.public_key(rist1.new_scalar()) for _ in range(2)))
    transaction = house.transaction_of(inquirer="132080", epoch=3, provider="132047", number=NUMBER)
    with pytest.raises(ProofRejected):
        house.checked(asked(rist1.person_point(bytes(32)), keys, **change), keys=keys, transaction=transaction)


def test_possession_is_proved_to_the_house_for_its_owner_alone() -> None:
    private_key = blind.new_secret().to_bytes(32, "little")
    assert blind.public_key(private_key) == rist1.public_key(private_key)
    proof = blind.possession(private_key, owner="132080")
    proofs.check_possession(proof, public_key=blind.public_key(private_key), owner="132080")
    with pytest.raises(ProofRejected):
        proofs.check_possession(proof, public_key=blind.public_key(private_key), owner="132047")


def test_no_two_questions_are_alike() -> None:
    keys = Keys(*(rist1.public_key(rist1.new_scalar()) for _ in range(2)))
    code = rist1.person_point(bytes(32))
    first, second = asked(code, keys), asked(code, keys)
    assert not set(first) & set(second)
