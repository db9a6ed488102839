"""A new key for the index: no number lost, none issued twice, at any point of the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from numbering import assignment, rotation, vault
from numbering.assignment import assign, assign_all, transform
from numbering.models import IndexKeys, IssuedNumber
from tests.numbering.people import resident, residents
from tests.support import DATABASES

pytestmark = DATABASES

NOW = timezone.now()


def numbers() -> dict[str, IssuedNumber]:
    return {vault.open_number(row): row for row in IssuedNumber.objects.all()}


def test_every_index_comes_under_the_new_key() -> None:
    residents(25)
    assign_all(at=NOW)
    before = numbers()
    old = IndexKeys.objects.get()
    seen: list[tuple[int, int]] = []
    assert rotation.rotate_index(batch=10, progress=lambda done, total: seen.append((done, total))) == 25
    keys = IndexKeys.objects.get()
    assert (keys.first_key, keys.second_key) == (old.first_key + 1, None)
    assert seen == [(10, 25), (20, 25), (25, 25)]
    assert not IssuedNumber.objects.exclude(second_blind_index=None).exists()
    for number, row in before.items():
        assert vault.find(number) == row
        row.refresh_from_db()
        assert bytes(row.blind_index) == vault.index(number, keys.first_key)


class Killed(Exception):
    """Stands for a kill in the middle."""


def stop_after(batches: int) -> Callable[[int, int], None]:
    left = [batches]

    def progress(done: int, total: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    return progress


def test_a_stopped_rotation_goes_on_and_finds_every_number_meanwhile() -> None:
    residents(25)
    assign_all(at=NOW)
    before = numbers()
    with pytest.raises(Killed):
        rotation.rotate_index(batch=10, progress=stop_after(2))
    half = IndexKeys.objects.get()
    assert IssuedNumber.objects.filter(second_blind_index=None).count() == 5
    assert all(vault.find(number) == row for number, row in before.items())
    fresh = assign(resident=resident(), at=NOW)
    assert fresh.second_blind_index is not None
    assert rotation.rotate_index(batch=10) == 5
    keys = IndexKeys.objects.get()
    assert (keys.first_key, keys.second_key) == (half.second_key, None)
    assert all(vault.find(number) == row for number, row in numbers().items())


@pytest.mark.parametrize("when", ["before", "halfway", "after"])
def test_a_taken_number_is_seen_at_every_stage(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = vault.open_number(assign(resident=resident(), at=NOW))
    if when == "halfway":
        rotation._begin()  # the old row has no second index yet
    if when == "after":
        rotation.rotate_index()
    monkeypatch.setattr(assignment, "transform", lambda code, n: taken if n == 0 else transform(code, n))
    assert vault.open_number(assign(resident=resident(), at=NOW)) != taken
    assert IssuedNumber.objects.count() == len(numbers()) == 2


def test_rotating_twice_in_a_row_works() -> None:
    assign(resident=resident(), at=NOW)
    first = vault.index_keys().first_key
    rotation.rotate_index()
    rotation.rotate_index()
    assert vault.index_keys().first_key == first + 2
    assert all(vault.find(number) == row for number, row in numbers().items())


def test_a_look_that_began_before_the_end_still_finds_the_number() -> None:
    issued = assign(resident=resident(), at=NOW)
    number = vault.open_number(issued)
    rotation._begin()
    meanwhile = vault.indexes(number, vault.index_keys())
    rotation.rotate_index()
    assert IssuedNumber.objects.get(vault.holding(meanwhile)) == issued


def test_a_rotation_does_not_end_before_every_row_has_its_new_index() -> None:
    issued = assign(resident=resident(), at=NOW)
    rotation._begin()
    rotation._end()
    assert vault.index_keys().second_key is not None
    issued.refresh_from_db()
    assert bytes(issued.blind_index) == vault.index(vault.open_number(issued), vault.index_keys().first_key)
