"""Hints by mail say that a letter has arrived and nothing else; a hint lost is found again, a letter is never lost."""

from __future__ import annotations

import datetime
import logging
import smtplib
from typing import Any

import pytest
from django.core import mail

from accounts.contact import set_email
from accounts.models import User
from notifications import hints, mailbox, tasks
from notifications.models import Message
from tests.mailing import BODY, MINUTE, NOW, SUBJECT, citizen, letter, new_code
from tests.support import DATABASES

pytestmark = DATABASES

ADDRESS = "hanako@example.jp"


def reachable(language: str = "ja") -> User:
    user = citizen(language)
    set_email(user=user, address=ADDRESS)
    return user


def test_a_hint_goes_out_when_the_letter_is_committed(django_capture_on_commit_callbacks: Any) -> None:
    user = reachable()
    with django_capture_on_commit_callbacks(using="default", execute=True):
        message = letter(user.portal_code)
        assert mail.outbox == []
    assert [sent.to for sent in mail.outbox] == [[ADDRESS]]
    assert Message.objects.get(pk=message.pk).hint_done_at is not None


@pytest.mark.parametrize(("language", "words"), [("ja", "お知らせが届いています"), ("en", "A letter has arrived")])
def test_a_hint_has_no_content_no_sender_and_no_link(language: str, words: str) -> None:
    message = letter(reachable(language).portal_code)
    hints.send(message_id=message.pk, at=NOW)
    sent = mail.outbox[0]
    assert sent.subject == words
    whole = sent.message().as_string() + sent.body
    for told in (
        SUBJECT,
        BODY.split("\n")[0],
        "132080",
        "調布",
        "Chofu",
        "認定",
        str(message.pk),
        message.pk.hex,
        "http",
        "://",
    ):
        assert told not in whole


def test_all_hints_are_alike() -> None:
    user = reachable()
    for message in (letter(user.portal_code), letter(user.portal_code, subject="督促", documents=[], kind="BILL")):
        hints.send(message_id=message.pk, at=NOW)
    assert len({(sent.subject, sent.body) for sent in mail.outbox}) == 1


def test_a_repeated_task_sends_nothing_more() -> None:
    message = letter(reachable().portal_code)
    for _ in range(3):
        tasks.send_hint(str(message.pk))
    assert len(mail.outbox) == 1


def test_a_hint_that_another_worker_has_is_left_alone_until_the_lease_is_over() -> None:
    message = letter(reachable().portal_code)
    Message.objects.filter(pk=message.pk).update(hint_tried_at=NOW)
    assert not hints.send(message_id=message.pk, at=NOW + MINUTE)
    assert hints.send(message_id=message.pk, at=NOW + hints.LEASE + MINUTE)


def test_no_account_no_address_and_a_letter_already_read_need_no_hint() -> None:
    user = reachable()
    read = letter(user.portal_code)
    mailbox.open_message(user=user, message_id=read.pk, at=NOW)
    for message in (letter(new_code()), letter(citizen().portal_code), read):
        assert not hints.send(message_id=message.pk, at=NOW)
    assert mail.outbox == []
    assert not Message.objects.awaiting_hint().exists()


def test_a_broker_that_is_down_loses_neither_the_letter_nor_the_hint(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*args: object, **kwargs: object) -> None:
        raise ConnectionError("redis://10.0.0.1 refused " + SUBJECT)

    user = reachable()
    with monkeypatch.context() as broken, caplog.at_level(logging.INFO):
        broken.setattr(tasks.send_hint, "delay", down)
        with django_capture_on_commit_callbacks(using="default", execute=True):
            message = letter(user.portal_code)
    assert mailbox.messages_of(user).get().pk == message.pk
    assert mail.outbox == []
    assert "waits" in caplog.text
    assert SUBJECT not in caplog.text
    assert hints.queue_waiting(at=NOW + MINUTE) == 1
    assert len(mail.outbox) == 1
    assert hints.queue_waiting(at=NOW + 2 * MINUTE) == 0


def test_a_mail_server_that_is_down_is_tried_again_and_its_words_are_not_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise smtplib.SMTPRecipientsRefused({ADDRESS: (550, b"no such user")})

    message = letter(reachable().portal_code)
    with monkeypatch.context() as broken, caplog.at_level(logging.INFO):
        broken.setattr(hints, "send_mail", refuse)
        assert not hints.send(message_id=message.pk, at=NOW)
    assert ADDRESS not in caplog.text
    assert hints.queue_waiting(at=NOW + MINUTE) == 0
    assert hints.queue_waiting(at=NOW + hints.LEASE + MINUTE) == 1
    assert len(mail.outbox) == 1


def test_a_hint_that_is_too_old_is_given_up() -> None:
    letter(reachable().portal_code)
    assert hints.queue_waiting(at=NOW + hints.GIVE_UP_AFTER + datetime.timedelta(seconds=1)) == 0
    assert mail.outbox == []
    assert not Message.objects.awaiting_hint().exists()
