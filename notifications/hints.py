"""Hints by mail: "a letter has arrived; sign in", and nothing else.

No subject, no sender, no name, no link: whoever reads the mail learns nothing, and nobody gets used to links in mails
that lead to a sign-in. The letter never depends on the hint: when the broker or the mail server is down, the hint waits
and a periodic task takes it up again.
"""

from __future__ import annotations

import datetime
import logging
from uuid import UUID

from celery import shared_task
from django.core.mail import send_mail
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.contact import email_of
from accounts.models import User
from databases import PORTAL
from notifications.models import Message

logger = logging.getLogger(__name__)

# How long one worker has a hint to itself; after that another may try.
LEASE = datetime.timedelta(minutes=10)
# A hint after three days would only confuse: the letter is in the mailbox anyway.
GIVE_UP_AFTER = datetime.timedelta(days=3)
_AT_ONCE = 500


@shared_task(name="notifications.tasks.send_hint")
def send_hint(message_id: str) -> None:
    """Tell the holder of a mailbox that a letter has arrived."""
    send(message_id=UUID(message_id), at=timezone.now())


def queue(message_id: UUID) -> None:
    """Ask a worker for the hint. Never fails: what cannot be queued now is found by `queue_waiting` later."""
    try:
        send_hint.delay(str(message_id))
    except Exception as error:  # any failure of a broker or a mail server, whatever its class: the letter matters more
        logger.warning("A hint could not be queued and waits (%s).", type(error).__name__)


def queue_waiting(*, at: datetime.datetime) -> int:
    """Queue what has not been hinted at yet, and give up what is too old. Returns how many were queued."""
    waiting = Message.objects.using(PORTAL).awaiting_hint()
    waiting.filter(sent_at__lt=at - GIVE_UP_AFTER).update(hint_done_at=at)
    ready = waiting.filter(_is_free(at)).order_by("sent_at").values_list("pk", flat=True)[:_AT_ONCE]
    found = list(ready)
    for message_id in found:
        queue(message_id)
    return len(found)


def send(*, message_id: UUID, at: datetime.datetime) -> bool:
    """Send the hint of one letter unless it is done or another worker has it. Safe to repeat. Returns whether sent."""
    waiting = Message.objects.filter(pk=message_id).awaiting_hint()
    if not waiting.filter(_is_free(at)).update(hint_tried_at=at):
        return False
    message = Message.objects.select_related("mailbox").only("read_at", "mailbox__portal_code").get(pk=message_id)
    holder = User.objects.filter(portal_code=message.mailbox.portal_code, is_active=True).first()
    address = email_of(holder) if holder and message.is_unread else None
    if holder and address and not _mail(address, holder.language):
        return False
    waiting.update(hint_done_at=at)
    return bool(address)


def _is_free(at: datetime.datetime) -> Q:
    return Q(hint_tried_at=None) | Q(hint_tried_at__lt=at - LEASE)


def _mail(address: str, language: str) -> bool:
    with translation.override(language):
        subject = _("A letter has arrived")
        body = _(
            "A letter has arrived in your mailbox. To read it, open the portal as you always do and sign in with "
            "your card.\n\nThis mail contains no link. We never ask for your PIN by mail."
        )
    try:
        send_mail(subject, body, None, [address])
    except Exception as error:  # a mail server's error text repeats the address, so only its class is logged
        logger.warning("A hint could not be sent and waits (%s).", type(error).__name__)
        return False
    return True
