"""A mailbox opens for its owner only; opening a letter is reading it."""

from __future__ import annotations

import datetime

import pytest

from accounts.models import User
from notifications import mailbox
from notifications.models import Document, Message
from tests.mailing import NOW, PDF, citizen, letter, new_code
from tests.support import DATABASES

pytestmark = DATABASES

HOUR = datetime.timedelta(hours=1)


def test_unread_letters_stand_on_top_and_the_newest_first_within() -> None:
    user = citizen()
    old, read, new = (letter(user.portal_code, at=NOW + i * HOUR).pk for i in range(3))
    mailbox.open_message(user=user, message_id=read, at=NOW + 5 * HOUR)
    assert [message.pk for message in mailbox.messages_of(user)] == [new, old, read]
    assert mailbox.unread_count(user) == 2


def test_the_first_opening_is_kept() -> None:
    user = citizen()
    message = letter(user.portal_code)
    assert mailbox.open_message(user=user, message_id=message.pk, at=NOW + HOUR).read_at == NOW + HOUR
    assert mailbox.open_message(user=user, message_id=message.pk, at=NOW + 2 * HOUR).read_at == NOW + HOUR


def test_a_stranger_finds_nothing_and_marks_nothing() -> None:
    user, stranger = citizen(), citizen()
    message = letter(user.portal_code)
    letter(stranger.portal_code)
    with pytest.raises(Message.DoesNotExist):
        mailbox.open_message(user=stranger, message_id=message.pk, at=NOW)
    with pytest.raises(Document.DoesNotExist):
        mailbox.document(user=stranger, document_id=message.documents.get().pk)
    assert Message.objects.get(pk=message.pk).is_unread
    assert mailbox.document(user=user, document_id=message.documents.get().pk).content == PDF


def test_a_clerks_account_has_no_mailbox() -> None:
    clerk = User.objects.create(staff_code=new_code(), agency="132080", post=User.Post.CLERK)
    letter(new_code())
    assert list(mailbox.messages_of(clerk)) == []
    assert mailbox.unread_count(clerk) == 0
    assert list(Document.objects.of(clerk)) == []
