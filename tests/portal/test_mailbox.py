"""Pages of the mailbox: the owner's letters, and for everyone else the same "no such page"."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from notifications.models import Message
from tests.mailing import BODY, NOW, PDF, SUBJECT, chofu, citizen, letter, new_code
from tests.support import DATABASES

NOT_MINE = "3f1d3c1e-6c5b-4a8e-9d59-0d3f6a1f7b10"  # fixed: two workers must collect the same tests

pytestmark = DATABASES


@pytest.fixture
def hanako(client: Client) -> User:
    chofu()
    user = citizen()
    client.force_login(user)
    return user


def english(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_mailbox_says_what_will_come(client: Client, hanako: User) -> None:
    assert "お知らせはまだありません" in text_of(client, reverse("portal:mailbox"))
    english(client)
    assert "There are no letters yet" in text_of(client, reverse("portal:mailbox"))


def test_the_list_shows_sender_day_and_what_is_unread(client: Client, hanako: User) -> None:
    message = letter(hanako.portal_code, subject="<b>認定</b>")
    page = text_of(client, reverse("portal:mailbox"))
    assert "調布市" in page
    assert 'datetime="2026-07-01"' in page
    assert "&lt;b&gt;認定&lt;/b&gt;" in page
    assert "未読" in page
    client.get(reverse("portal:message", args=[message.pk]))
    assert "未読" not in text_of(client, reverse("portal:mailbox"))


def test_the_list_goes_on_after_twenty(client: Client, hanako: User) -> None:
    for _ in range(21):
        letter(hanako.portal_code, documents=[])
    english(client)
    assert text_of(client, reverse("portal:mailbox")).count('class="is-unread"') == 20
    last = text_of(client, reverse("portal:mailbox") + "?page=2")
    assert last.count('class="is-unread"') == 1
    assert "Newer letters" in last
    assert text_of(client, reverse("portal:mailbox") + "?page=x").count('class="is-unread"') == 20


def test_a_letter_shows_its_text_and_documents_and_is_read_then(client: Client, hanako: User) -> None:
    message = letter(hanako.portal_code, body="<script>alert(1)</script>\n\nzwei")
    page = text_of(client, reverse("portal:message", args=[message.pk]))
    assert SUBJECT in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "認定通知書.pdf" in page
    assert Message.objects.get().read_at is not None


def test_head_and_foreign_methods(client: Client, hanako: User) -> None:
    message = letter(hanako.portal_code)
    assert client.post(reverse("portal:message", args=[message.pk])).status_code == 405
    assert client.post(reverse("portal:mailbox")).status_code == 405


@pytest.mark.parametrize(("query", "how"), [("", "inline"), ("?save=1", "attachment")])
def test_a_document_opens_in_a_protected_view(client: Client, hanako: User, query: str, how: str) -> None:
    document = letter(hanako.portal_code).documents.get()
    response = client.get(reverse("portal:document", args=[document.pk]) + query)
    assert response.content == PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith(how)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize("page", ["portal:message", "portal:document"])
def test_a_strangers_letter_is_like_one_that_does_not_exist(client: Client, hanako: User, page: str) -> None:
    message = letter(new_code())
    real = message.pk if page == "portal:message" else message.documents.get().pk
    theirs = client.get(reverse(page, args=[real]))
    none = client.get(reverse(page, args=[uuid.uuid4()]))
    assert (theirs.status_code, none.status_code) == (404, 404)
    assert plain(theirs) == plain(none)
    assert Message.objects.get().read_at is None


def plain(response: Any) -> str:
    """The page without what differs for any two requests: its own address and the form's token."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text)


@pytest.mark.parametrize("path", ["/mailbox/", f"/mailbox/{NOT_MINE}/", f"/mailbox/documents/{NOT_MINE}/"])
def test_nobody_is_led_to_the_sign_in_and_a_clerk_to_the_desk(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, settings.LOGIN_URL)
    client.force_login(User.objects.create(staff_code=new_code(), agency="132080", post=User.Post.CLERK))
    assert client.get(path).status_code == 403


def test_pages_ask_as_often_for_three_things_as_for_one(client: Client, hanako: User) -> None:
    def asked(path: str) -> int:
        with (
            CaptureQueriesContext(connections["default"]) as own,
            CaptureQueriesContext(connections["exchange"]) as other,
        ):
            assert client.get(path).status_code == 200
        return len(own) + len(other)

    first = letter(hanako.portal_code)
    one = asked(reverse("portal:mailbox"))
    for _ in range(2):
        letter(hanako.portal_code, sender="132047")
    assert asked(reverse("portal:mailbox")) == one
    asked(reverse("portal:message", args=[first.pk]))
    with_one = asked(reverse("portal:message", args=[first.pk]))
    three = letter(hanako.portal_code, documents=[(f"{n}.pdf", PDF) for n in range(3)], at=NOW)
    asked(reverse("portal:message", args=[three.pk]))
    assert asked(reverse("portal:message", args=[three.pk])) == with_one
    assert BODY.split("\n")[0] in text_of(client, reverse("portal:message", args=[three.pk]))
