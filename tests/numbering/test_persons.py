"""The person's point: one for life, seen only by the agency it is encrypted to; and who was given a code."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from codes import rist1
from databases import REGISTRY
from numbering import change, persons
from numbering.assignment import assign
from numbering.models import IssuedCode, PersonSecret
from tests.numbering.people import resident
from tests.support import DATABASES

pytestmark = DATABASES

NOW = timezone.now()


def test_the_point_is_the_same_for_life_and_another_for_another() -> None:
    private = rist1.new_scalar()
    public = rist1.public_key(private)

    def point(who: object) -> bytes:
        return rist1.unblind(persons.blinded_point(resident=who, recipient_public_key=public), private)  # type: ignore[arg-type]

    who, other = resident(), resident()
    first = point(who)
    assign(resident=who, at=NOW)
    asked = change.request(resident=who, reason="CARD_LOST", by="1", at=NOW)
    change.approve(change=asked, by="2", at=NOW)
    assert point(who) == first != point(other)
    assert PersonSecret.objects.count() == 2


def test_two_blindings_of_one_point_look_unrelated_and_show_nothing() -> None:
    public = rist1.public_key(rist1.new_scalar())
    who = resident()
    first, second = (persons.blinded_point(resident=who, recipient_public_key=public) for _ in range(2))
    assert first.ephemeral != second.ephemeral and first.body != second.body
    secret = PersonSecret.objects.get()
    shown = f"{first!r} {first} {secret!r} {secret}"
    assert all(part.hex() not in shown and repr(part) not in shown for part in (*first, bytes(secret.sealed)))


def test_a_secret_moved_to_another_row_does_not_open() -> None:
    public = rist1.public_key(rist1.new_scalar())
    who, other = resident(), resident()
    for person in (who, other):
        persons.blinded_point(resident=person, recipient_public_key=public)
    PersonSecret.objects.filter(resident=who).update(sealed=bytes(PersonSecret.objects.get(resident=other).sealed))
    with pytest.raises(persons.sealing.CannotOpen):
        persons.blinded_point(resident=who, recipient_public_key=public)


def test_a_code_is_promised_then_issued() -> None:
    who = resident()
    for _ in range(2):
        asked = persons.request_issue(resident=who, agency="132080", epoch=1, at=NOW, local_id="123456789012345")
    assert list(persons.pending_issues()) == [asked]
    assert persons.agencies_knowing(who) == []
    for minutes in (1, 2):
        done = persons.note_issue(resident=who, agency="132080", epoch=1, at=NOW + timedelta(minutes=minutes))
    assert (done.issued_at, done.local_id, done.requested_at) == (NOW + timedelta(minutes=1), "", NOW)
    assert list(persons.pending_issues()) == []
    assert persons.agencies_knowing(who) == ["132080"]


def test_many_points_are_those_of_each_and_in_their_order() -> None:
    private = rist1.new_scalar()
    public = rist1.public_key(private)
    who, other = resident(), resident()
    alone = rist1.unblind(persons.blinded_point(resident=other, recipient_public_key=public), private)
    many = persons.blinded_points(residents=[who.pk, other.pk, who.pk], recipient_public_key=public)
    first, second, third = (rist1.unblind(point, private) for point in many)
    assert (first == third != second) and second == alone
    assert PersonSecret.objects.count() == 2


def test_many_promises_are_as_one_by_one() -> None:
    who = resident()
    first = persons.request_issue(resident=who, agency="132080", epoch=1, at=NOW, local_id="1")
    promises = [persons.Promise(who.pk, agency, 1, "2") for agency in ("132080", "900019")]
    assert "132080" not in repr(promises)
    for _ in range(2):
        persons.request_issues(promises=promises, at=NOW)
    assert sorted(persons.pending_issues().values_list("agency", "local_id")) == [("132080", "1"), ("900019", "2")]
    persons.note_issues(issues=[first], at=NOW)
    assert list(persons.pending_issues().values_list("agency", flat=True)) == ["900019"]
    persons.note_issues(issues=list(IssuedCode.objects.all()), at=NOW + timedelta(minutes=1))
    assert persons.agencies_knowing(who) == ["132080", "900019"]
    first.refresh_from_db()
    assert (first.issued_at, first.local_id) == (NOW, "")


def test_agencies_are_named_once_over_all_epochs() -> None:
    who = resident()
    for agency, epoch in (("900019", 1), ("132080", 1), ("132080", 2)):
        persons.note_issue(resident=who, agency=agency, epoch=epoch, at=NOW)
    persons.note_issue(resident=resident(), agency="132047", epoch=1, at=NOW)
    assert persons.agencies_knowing(who) == ["132080", "900019"]


def test_what_was_issued_is_not_forgotten() -> None:
    persons.note_issue(resident=resident(), agency="132080", epoch=1, at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic(using=REGISTRY):
        IssuedCode.objects.all().delete()
