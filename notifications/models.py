"""The mailbox: one per portal's code, with or without an account behind it.

What a thief of the database learns: how many letters a code received, from which agency and when. Subjects, bodies,
documents and their names are sealed per mailbox (see envelope.py), and the sender's reference is a keyed value.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from codes.fields import CodeField
from codes.rist1 import Code
from notifications.envelope import open_for

if TYPE_CHECKING:
    from accounts.models import User


class MailboxManager(models.Manager["Mailbox"]):
    """Finds a mailbox, or opens it."""

    def opened_for(self, portal_code: Code) -> Mailbox:
        """The mailbox of a code. Two at once open one, without a conflict that a server would log with the code."""
        if not self.filter(portal_code=portal_code).exists():
            self.bulk_create([Mailbox(portal_code=portal_code)], ignore_conflicts=True)
        return self.get(portal_code=portal_code)


class Mailbox(models.Model):
    """A person's mailbox. It is opened by the first letter, also for a code that belongs to nobody."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portal_code = CodeField(unique=True, editable=False)

    objects = MailboxManager()

    def __str__(self) -> str:
        return "Mailbox"

    def __repr__(self) -> str:
        return "<Mailbox>"


class MessageQuerySet(models.QuerySet["Message"]):
    """Letters in the words of those who ask for them."""

    def of(self, user: User) -> MessageQuerySet:
        """The letters of a citizen's own mailbox; a clerk's account has none."""
        if user.portal_code is None:
            return self.none()
        return self.filter(mailbox__portal_code=user.portal_code)

    def unread(self) -> MessageQuerySet:
        return self.filter(read_at=None)

    def unread_first(self) -> MessageQuerySet:
        """What has not been opened on top, the newest first within."""
        is_read = models.Case(models.When(read_at=None, then=0), default=1, output_field=models.IntegerField())
        return self.alias(is_read=is_read).order_by("is_read", "-sent_at", "id")

    def awaiting_hint(self) -> MessageQuerySet:
        """Letters of which the holder has not been told by mail yet."""
        return self.filter(hint_done_at=None)


class Message(models.Model):
    """One letter. The same sender and reference is the same letter, whatever is tried again."""

    class Kind(models.TextChoices):
        NOTICE = "NOTICE", _("notice")
        DECISION = "DECISION", _("decision")
        BILL = "BILL", _("bill")
        RECEIPT = "RECEIPT", _("receipt")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="messages")
    sender = models.CharField(max_length=6, help_text="The sending agency, by its local code.")
    reference = models.CharField(max_length=64, help_text="The sender's reference as a keyed value, never as written.")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.NOTICE)
    subject_sealed = models.BinaryField()
    body_sealed = models.BinaryField()
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    hint_tried_at = models.DateTimeField(null=True, help_text="When a worker last took up the hint by mail.")
    hint_done_at = models.DateTimeField(null=True, help_text="When the hint was sent, or found not to be wanted.")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_letter_per_reference", fields=["sender", "reference"])]
        indexes = [
            models.Index(name="letters_of_a_mailbox", fields=["mailbox", "-sent_at"]),
            models.Index(name="letters_awaiting_a_hint", fields=["sent_at"], condition=Q(hint_done_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    def __repr__(self) -> str:
        return "<Message>"

    @property
    def subject(self) -> str:
        return self._open("subject", self.subject_sealed)

    @property
    def body(self) -> str:
        return self._open("body", self.body_sealed)

    @property
    def is_unread(self) -> bool:
        return self.read_at is None

    def context(self, column: str) -> str:
        """Where a sealed column belongs (see keys.sealing)."""
        return f"notifications.Message.{column}:{self.pk}"

    def _open(self, column: str, sealed: bytes) -> str:
        return open_for(self.mailbox_id, sealed, context=self.context(column)).decode()


class DocumentQuerySet(models.QuerySet["Document"]):
    def of(self, user: User) -> DocumentQuerySet:
        """The documents in a citizen's own mailbox."""
        if user.portal_code is None:
            return self.none()
        return self.filter(message__mailbox__portal_code=user.portal_code)


class Document(models.Model):
    """A PDF that came with a letter."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="documents")
    position = models.PositiveSmallIntegerField()
    name_sealed = models.BinaryField()
    content_sealed = models.BinaryField()
    content_type = models.CharField(max_length=40, default="application/pdf")
    size = models.PositiveIntegerField(help_text="Bytes before sealing.")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(name="documents_in_order", fields=["message", "position"])]

    def __str__(self) -> str:
        return "Document"

    def __repr__(self) -> str:
        return "<Document>"

    @property
    def name(self) -> str:
        return open_for(self.message.mailbox_id, self.name_sealed, context=self.context("name")).decode()

    @property
    def content(self) -> bytes:
        return open_for(self.message.mailbox_id, self.content_sealed, context=self.context("content"))

    def context(self, column: str) -> str:
        """Where a sealed column belongs (see keys.sealing)."""
        return f"notifications.Document.{column}:{self.pk}"
