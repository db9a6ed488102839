"""Support measures: a year at a time, lifted early by two clerks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from databases import REGISTRY
from residents import errors
from residents.models import Protection
from residents.protection import confirm_lifting, protect, renew, request_lifting
from tests.residents.people import CLERK, SECOND_CLERK, day, hanako, noon
from tests.support import DATABASES

pytestmark = DATABASES

NOW = noon("2026-06-02")


def test_measures_hold_for_a_year() -> None:
    resident = hanako()
    assert not resident.is_protected(NOW)
    begun = protect(resident=resident, by=CLERK, at=NOW)
    assert (begun.from_on, begun.until_on) == (day("2026-06-02"), day("2027-06-01"))
    days = ("2026-06-01", "2026-06-02", "2027-06-01", "2027-06-02")
    assert [resident.is_protected(noon(d)) for d in days] == [False, True, True, False]


def test_a_leap_day_has_a_year_too() -> None:
    assert protect(resident=hanako(), by=CLERK, at=noon("2028-02-29")).until_on == day("2029-02-27")


def test_setting_again_adds_nothing_and_other_content_is_refused() -> None:
    resident = hanako()
    assert protect(resident=resident, by=CLERK, at=NOW) == protect(resident=resident, by=CLERK, at=NOW)
    assert Protection.objects.count() == 1
    with pytest.raises(errors.AlreadyProtected):
        protect(resident=resident, by=SECOND_CLERK, at=NOW)


@pytest.mark.parametrize("until_on", ["2026-06-01", "2027-06-02"])
def test_measures_end_within_a_year(until_on: str) -> None:
    with pytest.raises(errors.LongerThanAYear):
        protect(resident=hanako(), until_on=day(until_on), by=CLERK, at=NOW)


def test_renewing_leaves_no_gap() -> None:
    resident = hanako()
    with pytest.raises(errors.NotProtected):
        renew(resident=resident, by=CLERK, at=NOW)
    protect(resident=resident, by=CLERK, at=NOW)
    for _ in range(2):
        renew(resident=resident, by=CLERK, at=noon("2027-05-20"))
    assert resident.is_protected(noon("2028-05-19"))
    assert Protection.objects.count() == 2


def test_lifting_takes_two_clerks() -> None:
    resident = hanako()
    with pytest.raises(errors.NotProtected):
        request_lifting(resident=resident, by=CLERK, at=NOW)
    protect(resident=resident, by=CLERK, at=NOW)
    renew(resident=resident, by=CLERK, at=NOW + timedelta(days=1))
    with pytest.raises(errors.LiftingNotRequested):
        confirm_lifting(resident=resident, by=SECOND_CLERK, at=NOW + timedelta(days=1))
    request_lifting(resident=resident, by=CLERK, at=NOW + timedelta(days=1))
    with pytest.raises(errors.SameClerk):
        confirm_lifting(resident=resident, by=CLERK, at=NOW + timedelta(days=1))
    assert resident.is_protected(NOW + timedelta(days=1))
    lifted = confirm_lifting(resident=resident, by=SECOND_CLERK, at=NOW + timedelta(days=1))
    assert (lifted.lifting_requested_by, lifted.lifted_by) == (CLERK, SECOND_CLERK)
    assert not resident.is_protected(NOW + timedelta(days=1))
    assert protect(resident=resident, by=CLERK, at=NOW + timedelta(days=2)).lifted_at is None


def test_the_database_itself_wants_two_clerks() -> None:
    begun = protect(resident=hanako(), by=CLERK, at=NOW)
    request_lifting(resident=begun.resident, by=CLERK, at=NOW)
    for alone in ({"lifted_by": CLERK, "lifted_at": NOW}, {"lifted_by": "", "lifted_at": NOW}):
        with pytest.raises(IntegrityError), transaction.atomic(using=REGISTRY):
            Protection.objects.filter(pk=begun.pk).update(**alone)
