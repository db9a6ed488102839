"""A provider whose copies lie with us: it answers from them at once (article 22), and keeps its own record."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError

from exchange.providers.question import Held, NotReached, Question
from holdings import hosted, provide
from holdings.provide import AnsweredBefore, Provision


def ask(question: Question, *, at: datetime) -> Provision | Held:
    """The provider's answer, committed with its own record (article 23(1)) before it returns; or Held, where the agency
    decides by hand.

    Raises NotDeposited where it was asked blind and its key is not here, MalformedCode; NotReached where it was asked
    before, by a process that has died, and would answer otherwise now.
    """
    provider = question.provider
    codes = question.codes
    if question.hidden:
        opener = hosted.opener(agency=provider.local_code, public_key=bytes(provider.code_public_key or b""))
        codes = [opener.code(epoch, hidden) for epoch, hidden in question.hidden]
    present, *former = codes
    until = decided_by(question.asked_before or at)

    def answer(*, is_again: bool) -> Provision | None:
        return provide.answer(
            agency=provider.local_code,
            code=present,
            former=former,
            data_set=question.data_set,
            items=question.items,
            condition=question.condition,
            inquirer=question.inquirer.local_code,
            reference=question.reference,
            is_withheld=question.is_withheld,
            decided_by=until,
            is_again=is_again,
            at=at,
        )

    try:
        try:
            provision = answer(is_again=question.asked_before is not None)
        except IntegrityError:  # of two processes that put it at once, the other was first
            provision = answer(is_again=True)
    except AnsweredBefore:
        raise NotReached("It answered the same question otherwise before.") from None
    return Held(until) if provision is None else provision


def decided_by(at: datetime) -> datetime:
    """Until when the agency may decide by hand what it was asked at this instant."""
    return (at + settings.INQUIRY_DEADLINE_BY_HAND).replace(microsecond=0)
