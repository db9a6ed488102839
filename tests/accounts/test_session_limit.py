"""However busy a session is, it ends: after twelve hours for a citizen, after eight for a clerk."""

from __future__ import annotations

import time
from datetime import timedelta
from unittest.mock import patch

from django.test import Client

from accounts import session_vault
from accounts.models import User
from codes import rist1
from codes.rist1 import Code
from tests.support import DATABASES

pytestmark = DATABASES


def a_code() -> Code:
    return Code(rist1.public_key(rist1.new_scalar()), 1)


def signed_in(user: User) -> Client:
    """Used once, as after the redirect that follows a sign-in; idle time is never what ends it here."""
    client = Client()
    client.force_login(user)
    session = client.session
    session.set_expiry(timedelta(days=2))
    session.save()
    client.get("/activity/")
    return client


def is_in(client: Client, *, after: timedelta) -> bool:
    with patch("accounts.session_limit.time.time", return_value=time.time() + after.total_seconds()):
        return client.get("/session/keep/").status_code == 204


def test_a_citizen_is_asked_for_the_card_after_twelve_hours() -> None:
    client = signed_in(User.objects.citizen(a_code()))
    assert [is_in(client, after=timedelta(hours=hours)) for hours in (1, 6, 11)] == [True] * 3
    assert not is_in(client, after=timedelta(hours=12, seconds=1))
    assert dict(client.session) == {}
    assert not is_in(client, after=timedelta(0))


def test_a_clerk_after_eight() -> None:
    client = signed_in(User.objects.create(staff_code=a_code(), agency="132080", post=User.Post.CLERK))
    assert is_in(client, after=timedelta(hours=7))
    assert not is_in(client, after=timedelta(hours=8, seconds=1))


def test_a_clock_that_was_set_back_ends_it_too() -> None:
    assert not is_in(signed_in(User.objects.citizen(a_code())), after=timedelta(hours=-1))


def test_signing_in_again_begins_a_new_day() -> None:
    user = User.objects.citizen(a_code())
    client = signed_in(user)
    assert not is_in(client, after=timedelta(hours=13))
    client.force_login(user)
    assert is_in(client, after=timedelta(hours=1))


def test_the_browsers_key_goes_with_the_session() -> None:
    client = signed_in(User.objects.citizen(a_code()))
    client.cookies[session_vault.COOKIE] = "A" * 44
    is_in(client, after=timedelta(hours=13))
    assert client.cookies[session_vault.COOKIE].value == ""


def test_an_answer_without_a_session_begins_none() -> None:
    answer = Client().get("/livez")
    assert answer.status_code == 200 and not answer.cookies
