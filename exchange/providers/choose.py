"""Which of the two an agency is: hosted here, or answering from its own system."""

from __future__ import annotations

from datetime import datetime

from exchange.providers import hosted, remote
from exchange.providers.question import Held, Question
from holdings.provide import Provision


def ask(question: Question, *, at: datetime) -> Provision | Held:
    """Put the question to its provider. Raises NotReached."""
    if question.provider.is_hosted:
        return hosted.ask(question, at=at)
    return remote.ask(question, at=at)
