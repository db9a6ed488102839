"""The three conditions of article 8(2), and one number per resident."""

from __future__ import annotations

import io
import itertools
import logging
from collections import Counter

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from databases import REGISTRY
from keys import custody
from numbering import assignment, vault
from numbering.assignment import NoNumberLeft, assign, assign_all, transform
from numbering.check_digits import is_individual_number
from numbering.models import IssuedNumber, NumberState
from residents.record_codes import new_record_code
from tests.numbering.people import resident, residents
from tests.support import DATABASES, scaled

pytestmark = DATABASES

NOW = timezone.now()


def drawn(count: int) -> list[str]:
    numbers = (transform(new_record_code(), counter) for counter in itertools.count())
    return list(itertools.islice((number for number in numbers if number is not None), count))


def test_a_transformed_code_is_a_well_formed_number() -> None:
    assert all(is_individual_number(number) for number in drawn(scaled(20_000)))


def test_the_same_code_and_counter_lead_to_the_same_number_and_another_to_another() -> None:
    code = new_record_code()
    numbers = [transform(code, counter) for counter in range(200)]
    assert numbers == [transform(code, counter) for counter in range(200)]
    given = [number for number in numbers if number]
    assert len(set(given)) == len(given)
    assert 100 < len(given) < 190  # 27 of a hundred draws are rejected


def test_every_digit_is_equally_likely_in_every_place() -> None:
    count = scaled(100_000)
    numbers = drawn(count)
    for place in range(11):
        counted = Counter(number[place] for number in numbers)
        chi_squared = sum((counted[digit] - count / 10) ** 2 / (count / 10) for digit in "0123456789")
        assert chi_squared < 40  # 9 degrees of freedom: once in a hundred thousand by chance


def test_without_the_key_the_number_says_nothing_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    code = new_record_code()
    counter = next(n for n in range(100) if transform(code, n))
    before = transform(code, counter)
    monkeypatch.setattr(custody, "current", lambda purpose: custody.Key(1, bytes(32)))
    assert transform(code, counter) != before


def test_two_codes_that_differ_by_one_lead_to_unrelated_numbers() -> None:
    pairs = [(transform(f"{n:011d}", c), transform(f"{n + 1:011d}", c)) for n in range(300) for c in range(1)]
    both = [(a, b) for a, b in pairs if a and b]
    same_places = sum(x == y for a, b in both for x, y in zip(a[:11], b[:11], strict=True))
    assert same_places / (11 * len(both)) < 0.2


def test_assigning_is_safe_to_repeat() -> None:
    who = resident()
    first = assign(resident=who, at=NOW)
    assert assign(resident=who, at=NOW) == first
    assert (first.state, first.assigned_at, first.retired_at) == (NumberState.CURRENT, NOW, None)


def test_a_whole_register_gets_distinct_numbers() -> None:
    people = residents(scaled(5_000))
    first = assign(resident=people[0], at=NOW)
    seen: list[tuple[int, int]] = []
    assert assign_all(at=NOW, progress=lambda done, total: seen.append((done, total))) == len(people) - 1
    assert seen[-1] == (len(people) - 1, len(people) - 1)
    rows = list(IssuedNumber.objects.all())
    assert {row.resident_id for row in rows} == {person.pk for person in people}
    assert len({vault.open_number(row) for row in rows}) == len(rows) == len(people)
    assert first in rows
    assert assign_all(at=NOW) == 0


def test_bulk_work_asks_a_fixed_number_of_queries_per_batch(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    vault.index_keys()
    counts = []
    for size in (10, 90):
        residents(size)
        with django_assert_num_queries(100, using=REGISTRY, exact=False) as queries:
            assign_all(at=NOW, batch=100)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_collision_leads_to_the_next_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = vault.open_number(assign(resident=resident(), at=NOW))
    tried: list[int] = []

    def colliding(code: str, counter: int) -> str | None:
        tried.append(counter)
        return taken if counter < 3 else transform(code, counter)

    monkeypatch.setattr(assignment, "transform", colliding)
    assert vault.open_number(assign(resident=resident(), at=NOW)) != taken
    assert tried[:4] == [0, 1, 2, 3]


def test_collisions_inside_one_batch_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    one = drawn(1)[0]
    monkeypatch.setattr(assignment, "transform", lambda code, n: one if n == 0 else transform(code, n))
    people = residents(20)
    assert assign_all(at=NOW, batch=20) == 20
    rows = list(IssuedNumber.objects.all())
    assert len({vault.open_number(row) for row in rows}) == len(rows) == len(people)
    assert sum(vault.open_number(row) == one for row in rows) == 1


def test_a_full_table_ends_in_an_error_without_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = vault.open_number(assign(resident=resident(), at=NOW))
    monkeypatch.setattr(assignment, "transform", lambda code, n: taken)
    monkeypatch.setattr(assignment, "_MOST_TRIES", 5)
    with pytest.raises(NoNumberLeft) as caught:
        assign(resident=resident(), at=NOW)
    assert taken not in f"{caught.value} {caught.value!r}"
    assert IssuedNumber.objects.count() == 1


def test_the_database_itself_refuses_a_second_number_and_a_doubled_one() -> None:
    issued = assign(resident=resident(), at=NOW)
    for values in (
        {"resident": issued.resident, "blind_index": b"x" * 32},
        {"resident": resident(), "blind_index": bytes(issued.blind_index)},
    ):
        with pytest.raises(IntegrityError) as caught, transaction.atomic(using=REGISTRY):
            IssuedNumber.objects.create(sealed=b"sealed", assigned_at=NOW, **values)
        assert vault.open_number(issued) not in str(caught.value)


def test_the_command_tells_how_many_and_no_number(caplog: pytest.LogCaptureFixture) -> None:
    residents(30)
    out, err = io.StringIO(), io.StringIO()
    with caplog.at_level(logging.DEBUG):
        call_command("assign_numbers", batch=10, stdout=out, stderr=err)
    assert out.getvalue().startswith("30 numbers assigned, ")
    assert "[" + "#" * 30 + "] 30/30" in err.getvalue()
    shown = out.getvalue() + err.getvalue() + caplog.text
    for row in IssuedNumber.objects.all():
        number = vault.open_number(row)
        assert number not in shown
        assert row.resident.resident_record_code not in shown
