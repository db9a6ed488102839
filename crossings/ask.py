"""A citizen asks about one of her records, and a letter tells her of the answer.

The exchange knows her by a keyed hash and cannot write to her. So the id of her mailbox, opened for the portal's code
as for any letter, goes with the question, sealed: no code of hers is stored, and a new epoch of codes changes nothing.
The letter says that there is an answer and never what it says; the answer is read on the record's own page.

The answer is committed in the exchange before the letter is written in the portal. What is killed in between is told by
`tell_waiting`; the same letter again is the same letter.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from agencies.models import Agency
from exchange import questions
from exchange.question_models import Question
from notifications import delivery
from notifications.models import Mailbox

_SERIES = "question"

logger = logging.getLogger(__name__)


def ask(*, user: User, reference: uuid.UUID, ground: str, text: str = "", is_protected: bool, at: datetime) -> Question:
    """Ask about one of the citizen's own records.

    Whose address is protected gives the agency no words of her own, which might say more than it knows already: they
    wait for the commission. Raises NoSuchQuestion, NotAskable, AlreadyAsked, TooManyToday, TextRefused.
    """
    return questions.ask(
        portal_code=user.portal_code,
        reference=reference,
        ground=ground,
        text=text,
        for_agency=not is_protected,
        reply_to=str(Mailbox.objects.opened_for(user.portal_code).pk),
        at=at,
    )


def answer(*, agency: Agency, question: Question, text: str, at: datetime) -> None:
    """The agency answers, and the person is told. Raises NotInThisState, TextRefused."""
    questions.answer(agency=agency, question=question, text=text, at=at)
    _try_to_tell(question.pk, at)


def rule(*, question: Question, text: str, at: datetime) -> None:
    """The commission answers, and the person is told. Raises NotInThisState, TextRefused."""
    questions.rule(question=question, text=text, at=at)
    _try_to_tell(question.pk, at)


def tell_waiting(*, at: datetime) -> int:
    """Write the letters that a crash left unwritten. Returns how many answers there were."""
    waiting = questions.to_be_told()
    for question in waiting:
        _try_to_tell(question.pk, at)
    return len(waiting)


def _try_to_tell(question_id: uuid.UUID, at: datetime) -> None:
    """The answer is committed and counts, whatever becomes of its letter now."""
    try:
        _tell(question_id, at)
    except Exception as error:  # whatever its class: an error's text may repeat what a row holds
        logger.error("A letter about an answered question waits (%s).", type(error).__name__)


def _tell(question_id: uuid.UUID, at: datetime) -> None:
    question = Question.objects.select_related("agency").get(pk=question_id)
    mailbox = Mailbox.objects.filter(pk=questions.reply_to(question) or None).first()
    # Who has passed the question on has read the agency's answer; only the commission's is news.
    if mailbox is not None and question.state != Question.State.ESCALATED:
        _write(question, mailbox, at)
    questions.told(question)


def _write(question: Question, mailbox: Mailbox, at: datetime) -> None:
    is_ruling = question.ruling_sealed is not None
    sender = Agency.objects.filter(kind=Agency.Kind.COMMISSION).first() if is_ruling else question.agency
    letter = {
        "sender": (sender or question.agency).local_code,
        "reference": f"{question.pk}-{'ruling' if is_ruling else 'answer'}",
        "series": _SERIES,
    }
    if delivery.find(**letter) is not None:
        return
    holder = User.objects.filter(portal_code=mailbox.portal_code).first()
    with translation.override(holder.language if holder else "ja"):
        delivery.deliver(
            portal_code=mailbox.portal_code,
            subject=_("Your question about an access record was answered"),
            body=_("You asked about one of your access records. The answer stands on the page of that record."),
            at=at,
            **letter,
        )
