"""An account is a citizen's or a clerk's, never both; nothing about it prints what it holds."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction

from accounts import contact
from accounts.backends import CardBackend
from accounts.models import SignIn, User
from codes import rist1
from codes.rist1 import Code, format_code
from databases import PORTAL
from keys.sealing import CannotOpen
from tests.support import DATABASES

pytestmark = DATABASES


def code() -> Code:
    return Code(rist1.person_point(rist1.new_scalar()), 1)


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"portal_code": 1, "staff_code": 1},
        {"staff_code": 1, "agency": "132047"},
        {"staff_code": 1, "post": "CLERK"},
        {"portal_code": 1, "post": "CLERK", "agency": "132047"},
        {"portal_code": 1, "agency": "132047"},
        {"portal_code": 1, "post": "MAYOR"},
    ],
)
def test_an_account_is_either_a_citizens_or_a_clerks(kind: dict[str, object]) -> None:
    values = {name: code() if value == 1 else value for name, value in kind.items()}
    with pytest.raises(IntegrityError), transaction.atomic(using=PORTAL):
        User.objects.create(**values)


def test_one_code_has_one_account() -> None:
    own = code()
    assert User.objects.citizen(own) == User.objects.citizen(own)
    assert User.objects.citizen(code()) != User.objects.citizen(own)


def test_a_clerks_post_is_found_while_it_is_active() -> None:
    own = code()
    clerk = User.objects.create(staff_code=own, agency="132047", post=User.Post.CLERK)
    assert User.objects.clerk(own) == clerk
    assert (clerk.is_staff, clerk.is_supervisor) == (True, False)
    User.objects.update(is_active=False)
    assert User.objects.clerk(own) is None


def test_a_clerk_has_another_name_in_each_domain() -> None:
    clerk = User.objects.create(staff_code=code(), agency="132047", post=User.Post.SUPERVISOR)
    names = {clerk.pseudonym(domain) for domain in ("registry", "exchange", "holdings")}
    assert len(names) == 3
    assert clerk.pseudonym("registry") == clerk.pseudonym("registry")
    assert clerk.pk.hex not in names


def test_nothing_opens_an_account_but_a_card() -> None:
    user = User.objects.citizen(code())
    assert authenticate(username=str(user.pk), password="") is None
    assert not hasattr(User, "last_login") or User.last_login is None
    assert user.has_perm("anything") is False


def test_a_closed_account_is_not_found_again() -> None:
    user = User.objects.citizen(code())
    assert CardBackend().get_user(user.pk) == user
    User.objects.update(is_active=False)
    assert CardBackend().get_user(user.pk) is None


def test_an_account_prints_nothing_about_its_holder() -> None:
    user = User.objects.citizen(code())
    for text in (str(user), repr(user)):
        assert format_code(user.portal_code) not in text
        assert str(user.pk) not in text


def test_an_address_opens_for_its_own_account_only() -> None:
    mine, other = User.objects.citizen(code()), User.objects.citizen(code())
    contact.set_email(user=mine, address="a@example.jp")
    mine.refresh_from_db()
    assert contact.email_of(mine) == "a@example.jp"
    assert contact.email_of(other) is None
    other.email_sealed = mine.email_sealed
    with pytest.raises(CannotOpen):
        contact.email_of(other)


def test_the_history_lists_the_newest_first_and_keeps_its_account() -> None:
    user = User.objects.citizen(code())
    days = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (2, 3, 1)]
    for at in days:
        SignIn.objects.create(user=user, at=at, purpose=SignIn.Purpose.SIGN_IN, result=SignIn.Result.ACCEPTED)
    assert [entry.at.day for entry in user.sign_ins.all()] == [3, 2, 1]
