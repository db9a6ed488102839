"""The provider's side: what the service asks is answered from our holdings, and on record before it leaves.

The record (article 23(1)) is one line of provisions.jsonl: who asked, for what, about whom by our own id, and the
outcome; of the answer it holds a digest. The same question again gets the same answer, or none: after a change of the
holdings it is refused, for one event has one answer.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from mynx.agency import Agency
from mynx.holdings import Holdings, Period

JOURNAL = "provisions"
ANSWERED, NO_RECORD, PENDING, NOT_REGISTERED, DECLINED = "0000", "0004", "0101", "3003", "4001"


class Malformed(Exception):
    """Not a question."""


class AskedBefore(Exception):
    """This reference was used for another question, or its answer would be another one now."""


@dataclass(frozen=True, repr=False)
class Question:
    """What the service asks, with the person's codes opened."""

    reference: str
    inquirer: str
    row: str
    data_set: str
    items: list[str]
    condition: Period
    codes: list[str]
    on_behalf_of: str = ""

    def __repr__(self) -> str:
        return "<Question>"


class Provider:
    """Answers one question after the other.

    `held` names the data sets that are answered later, by hand. `permits` says whether the row of the permission table
    that the question names allows it (permissions.Watch); where it cannot say, it raises Unusable, and nothing is
    answered.
    """

    def __init__(
        self,
        agency: Agency,
        holdings: Holdings,
        *,
        held: Collection[str] = (),
        permits: Callable[[Question], bool] = lambda question: True,
    ) -> None:
        self.agency, self.holdings, self.held, self.permits = agency, holdings, held, permits
        self._turn = threading.Lock()
        self._answered = {entry["reference"]: (entry["asked"], entry["answered"]) for entry in agency.journal(JOURNAL)}

    def answer(self, content: Any, *, at: datetime) -> dict[str, Any]:
        """The answer, once it is in the journal. Raises Malformed, AskedBefore, Unusable."""
        question = self._read(content)
        answer = self._provided(question)
        digests = _digest(_facts(question)), _digest(answer)
        with self._turn:
            if self._answered.get(question.reference, digests) != digests:
                raise AskedBefore
            if question.reference not in self._answered:
                self._note(question, answer["outcome"], digests, at=at)
                self._answered[question.reference] = digests
        return answer

    def _provided(self, question: Question) -> dict[str, Any]:
        if not self.permits(question):
            return {"outcome": DECLINED}
        if question.data_set in self.held:
            return {"outcome": PENDING}
        items = self.holdings.find(question.codes, question.data_set, question.items, question.condition)
        if items is None:
            return {"outcome": NO_RECORD if self.holdings.has(question.data_set) else NOT_REGISTERED}
        return {"outcome": ANSWERED, "items": items}

    def _note(self, question: Question, outcome: str, digests: tuple[str, str], *, at: datetime) -> None:
        ids = self.agency.local_ids()
        self.agency.note(
            journal=JOURNAL,
            at=at.astimezone(UTC).isoformat(timespec="seconds"),
            reference=question.reference,
            person=next((ids[code] for code in question.codes if code in ids), ""),
            inquirer=question.inquirer,
            row=question.row,
            data_set=question.data_set,
            items=question.items,
            outcome=outcome,
            asked=digests[0],
            answered=digests[1],
        )

    def _read(self, content: Any) -> Question:
        try:
            condition = content["condition"]
            days = (condition.get(name) for name in ("begins_on", "ends_on"))
            period = Period(condition.get("fiscal_year"), *(date.fromisoformat(day) if day else None for day in days))
            question = Question(
                reference=str(uuid.UUID(content["reference"])),
                condition=period,
                codes=self.agency.opened(content["hidden"]) if "hidden" in content else list(content["codes"]),
                items=list(content["items"]),
                on_behalf_of=content.get("on_behalf_of", ""),
                **{name: content[name] for name in ("inquirer", "row", "data_set")},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Malformed from None
        texts = [
            question.inquirer,
            question.on_behalf_of,
            question.row,
            question.data_set,
            *question.items,
            *question.codes,
        ]
        if not question.codes or not question.items or not all(isinstance(text, str) for text in texts):
            raise Malformed
        return question


def _facts(question: Question) -> Mapping[str, Any]:
    return {**vars(question), "condition": str(question.condition)}


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
