"""A citizen's own mailbox: everything is fetched through its owner, so that a stranger's id is like an unknown one."""

from __future__ import annotations

import datetime
from uuid import UUID

from accounts.models import User
from notifications.models import Document, Message, MessageQuerySet


def messages_of(user: User) -> MessageQuerySet:
    """The letters for a list: unread on top, the newest first within; bodies stay sealed and unread from the disk."""
    return Message.objects.of(user).unread_first().defer("body_sealed")


def unread_count(user: User) -> int:
    return Message.objects.of(user).unread().count()


def open_message(*, user: User, message_id: UUID, at: datetime.datetime) -> Message:
    """The letter, marked as read from the first time on. Raises Message.DoesNotExist for a stranger's as for none."""
    message = Message.objects.of(user).get(pk=message_id)
    if message.is_unread:
        Message.objects.of(user).unread().filter(pk=message_id).update(read_at=at)
        message.read_at = at
    return message


def documents_of(message: Message) -> list[Document]:
    """What came with the letter, without reading the contents."""
    documents = list(message.documents.defer("content_sealed"))
    for document in documents:
        document.message = message
    return documents


def document(*, user: User, document_id: UUID) -> Document:
    """One document of the own mailbox. Raises Document.DoesNotExist for a stranger's as for none."""
    return Document.objects.of(user).select_related("message").get(pk=document_id)
