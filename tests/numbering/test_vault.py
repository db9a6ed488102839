"""The vault: sealed for one row, found by index, silent about its contents."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from keys.sealing import CannotOpen
from numbering import vault
from numbering.assignment import assign
from numbering.models import IssuedNumber, Unmasking
from tests.numbering.people import resident
from tests.support import DATABASES

pytestmark = DATABASES

NUMBER = "123456789018"


def test_a_sealed_number_opens_for_its_own_row_only() -> None:
    row = IssuedNumber(id=uuid.uuid4())
    row.sealed = vault.seal(NUMBER, issued_number_id=row.id)
    assert vault.open_number(row) == NUMBER
    assert NUMBER.encode() not in row.sealed
    assert vault.seal(NUMBER, issued_number_id=row.id) != row.sealed
    with pytest.raises(CannotOpen):
        vault.open_number(IssuedNumber(id=uuid.uuid4(), sealed=row.sealed))
    with pytest.raises(CannotOpen):
        vault.open_number(IssuedNumber(id=row.id, sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])))


def test_a_number_is_found_by_its_index() -> None:
    issued = assign(resident=resident(), at=timezone.now())
    assert vault.find(vault.open_number(issued)) == issued
    assert vault.find(NUMBER) is None


def test_the_index_depends_on_the_number_and_the_key() -> None:
    keys = vault.index_keys()
    first = vault.index(NUMBER, keys.first_key)
    assert len(first) == 32
    assert first == vault.index(NUMBER, keys.first_key) != vault.index("111111111118", keys.first_key)


@pytest.mark.parametrize("wrong", ["123456789012", "12345678901", "", "000000000000", "1234 5678 9018"])
def test_malformed_numbers_are_refused_and_not_repeated(wrong: str) -> None:
    for attempt in (
        lambda: vault.seal(wrong, issued_number_id=uuid.uuid4()),
        lambda: vault.find(wrong),
        lambda: vault.index(wrong, 1),
    ):
        with pytest.raises(vault.NotANumber) as caught:
            attempt()
        assert not wrong or wrong not in f"{caught.value} {caught.value!r}"


def test_no_row_shows_a_number_in_its_repr() -> None:
    issued = assign(resident=resident(), at=timezone.now())
    number = vault.open_number(issued)
    look = Unmasking(issued_number=issued, by="clerk", reason="test", at=timezone.now())
    shown = f"{issued} {issued!r} {look!r} {issued.__dict__} {issued.resident!r} {vault.index_keys()!r}"
    for form in (number, f"{number[:4]} {number[4:8]} {number[8:]}", number.encode().hex()):
        assert form not in shown
