"""Delivery of a letter into the mailbox of a portal's code.

The sender learns nothing about the person: a mailbox is opened for a code without an account and for a code of nobody
just the same, and the answer is the same. A letter tried again is the same letter.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from codes.rist1 import Code
from databases import PORTAL
from notifications import hints
from notifications.documents import MOST_DOCUMENTS, Attachment, DocumentRefused, checked
from notifications.envelope import seal_for
from notifications.models import Document, Mailbox, Message
from notifications.references import keyed_reference, possible_references

LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000
_REFERENCES = "mailbox-reference"


class NotDeliverable(ValueError):
    """The letter itself is not in order; the text says what to change."""


class ReferenceTaken(ValueError):
    """The sender used this reference for another letter."""


def deliver(
    *,
    portal_code: Code,
    sender: str,
    reference: str,
    subject: str,
    body: str,
    documents: Sequence[tuple[str, bytes]] = (),
    kind: str = Message.Kind.NOTICE,
    at: datetime.datetime,
    series: str = "",
) -> Message:
    """Put a letter into the mailbox and return it; the same letter again is returned as it lies there.

    `documents` are pairs of name and PDF content. `series` keeps letters that the portal writes in an agency's name
    apart from the agency's own references. Raises NotDeliverable, DocumentRefused, ReferenceTaken. May stand in a
    transaction.
    """
    _check(subject=subject, body=body, reference=reference, kind=kind)
    if len(documents) > MOST_DOCUMENTS:
        raise DocumentRefused(_("A letter may have at most 10 documents."))
    attachments = [checked(name, content) for name, content in documents]
    with transaction.atomic(using=PORTAL):
        message = find(sender=sender, reference=reference, series=series)
        if message is None:
            try:
                with transaction.atomic(using=PORTAL):
                    return _write(
                        mailbox=Mailbox.objects.opened_for(portal_code),
                        sender=sender,
                        reference=keyed_reference(_REFERENCES, sender=sender, reference=reference, series=series),
                        subject=subject,
                        body=body,
                        attachments=attachments,
                        kind=kind,
                        at=at,
                    )
            except IntegrityError:
                # Another try of the same letter was faster.
                message = find(sender=sender, reference=reference, series=series)
                if message is None:
                    raise
        if not _is_same(message, portal_code, subject, body, attachments, kind):
            raise ReferenceTaken(_("This reference was used for another letter."))
        return message


def find(*, sender: str, reference: str, series: str = "") -> Message | None:
    """The letter that a sender delivered under a reference, if there is one."""
    values = possible_references(_REFERENCES, sender=sender, reference=reference, series=series)
    return Message.objects.select_related("mailbox").filter(sender=sender, reference__in=values).first()


def _check(*, subject: str, body: str, reference: str, kind: str) -> None:
    if not subject.strip() or len(subject) > LONGEST_SUBJECT or "\n" in subject or "\r" in subject:
        raise NotDeliverable(_("A letter needs a subject of one line, at most 200 characters."))
    if len(body) > LONGEST_BODY:
        raise NotDeliverable(_("The text of a letter may have at most 20,000 characters."))
    if "\0" in subject + body:
        raise NotDeliverable(_("The letter contains a character that cannot be shown."))
    if not reference:
        raise NotDeliverable(_("A letter needs a reference."))
    if kind not in Message.Kind.values:
        raise NotDeliverable(_("There is no such kind of letter."))


def _write(
    *,
    mailbox: Mailbox,
    sender: str,
    reference: str,
    subject: str,
    body: str,
    attachments: list[Attachment],
    kind: str,
    at: datetime.datetime,
) -> Message:
    # Kept to the second: an exact instant would join this row with the record of the delivery elsewhere.
    message = Message(
        id=uuid.uuid4(),
        mailbox=mailbox,
        sender=sender,
        reference=reference,
        kind=kind,
        sent_at=at.replace(microsecond=0),
    )
    message.subject_sealed = seal_for(mailbox.pk, subject, context=message.context("subject"))
    message.body_sealed = seal_for(mailbox.pk, body, context=message.context("body"))
    message.save(force_insert=True)
    for position, attachment in enumerate(attachments):
        document = Document(id=uuid.uuid4(), message=message, position=position, size=len(attachment.content))
        document.name_sealed = seal_for(mailbox.pk, attachment.name, context=document.context("name"))
        document.content_sealed = seal_for(mailbox.pk, attachment.content, context=document.context("content"))
        document.save(force_insert=True)
    transaction.on_commit(partial(hints.queue, message.pk), using=PORTAL)
    return message


def _is_same(
    message: Message, portal_code: Code, subject: str, body: str, attachments: list[Attachment], kind: str
) -> bool:
    if message.mailbox.portal_code != portal_code or message.kind != kind:
        return False
    if (message.subject, message.body) != (subject, body):
        return False
    return [(d.name, d.content) for d in message.documents.select_related("message")] == [tuple(a) for a in attachments]
