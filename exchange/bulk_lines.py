"""The lines of a bulk inquiry, from the hand-in to their outcome, and how a batch of them is sealed.

The seal binds the batch to its bulk and agency and says whether it holds questions or answers: a row that is moved to
another agency's bulk does not open.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from codes.rist1 import Code
from exchange import canonical_json
from exchange.bulk_models import Bulk, BulkBatch
from holdings.periods import Period
from holdings.provide import ItemValue
from keys.sealing import open_sealed, seal

PURPOSE = "bulk-seal"
PENDING = "0101"


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """What an agency asks about one person, under an id of its own for the line."""

    id: str
    code: Code
    provider: str
    affair: str
    data_set: str
    items: tuple[str, ...]
    condition: Period
    case_number: str

    def __repr__(self) -> str:
        return "<Line>"


@dataclass(frozen=True, slots=True, repr=False)
class WaitingLine:
    """A line that waits: its place in the hand-in, and the event that it will be on record, chosen beforehand."""

    position: int
    line: str
    event: uuid.UUID
    code: Code
    affair: str
    data_set: str
    items: tuple[str, ...]
    condition: Period
    case_number: str

    def __repr__(self) -> str:
        return "<WaitingLine>"


@dataclass(frozen=True, slots=True, repr=False)
class LineResult:
    """What became of a line. `record` is the inquirer's reference of the record, empty where none was left; `row` the
    row of the permission table that it stood on."""

    position: int
    line: str
    outcome: str
    record: str = ""
    row: str = ""
    items: list[ItemValue] = field(default_factory=list)

    def __repr__(self) -> str:
        return "<LineResult>"


def with_events(lines: Sequence[Line]) -> list[WaitingLine]:
    """The lines as they wait, each with its place and the event that it will be on record."""
    return [
        WaitingLine(
            position=position,
            line=line.id,
            event=uuid.uuid4(),
            code=line.code,
            affair=line.affair,
            data_set=line.data_set,
            items=line.items,
            condition=line.condition,
            case_number=line.case_number,
        )
        for position, line in enumerate(lines)
    ]


def content_of(lines: Sequence[Line]) -> bytes:
    """The same bytes for the same lines in the same order, however they were written down."""
    return canonical_json.encoded(
        [
            [
                line.id,
                line.code.epoch,
                line.code.value.hex(),
                line.provider,
                line.affair,
                line.data_set,
                line.items,
                _days(line.condition),
                line.case_number,
            ]
            for line in lines
        ]
    )


def seal_waiting(batch: BulkBatch, questions: Sequence[WaitingLine]) -> bytes:
    content = [
        [
            each.position,
            each.line,
            each.event.hex,
            each.code.epoch,
            each.code.value.hex(),
            each.affair,
            each.data_set,
            each.items,
            _days(each.condition),
            each.case_number,
        ]
        for each in questions
    ]
    return seal(PURPOSE, canonical_json.encoded(content), context=_context(batch, "waiting"))


def waiting_in(batch: BulkBatch) -> list[WaitingLine]:
    """What a waiting batch asks. Raises CannotOpen."""
    return [
        WaitingLine(
            position,
            line,
            uuid.UUID(event),
            Code(bytes.fromhex(value), epoch),
            affair,
            data_set,
            tuple(items),
            _period(*days),
            case_number,
        )
        for position, line, event, epoch, value, affair, data_set, items, days, case_number in _opened(batch, "waiting")
    ]


def seal_results(batch: BulkBatch, results: Sequence[LineResult]) -> bytes:
    content = [
        [
            each.position,
            each.line,
            each.outcome,
            each.record,
            each.row,
            [[item.code, item.value, item.null_reason] for item in each.items],
        ]
        for each in results
    ]
    return seal(PURPOSE, canonical_json.encoded(content), context=_context(batch, "results"))


def results_in(batch: BulkBatch) -> list[LineResult]:
    """What became of a batch's lines; of those that wait, that they do. Raises CannotOpen."""
    if batch.state == BulkBatch.State.WAITING:
        return [LineResult(content[0], content[1], PENDING) for content in _opened(batch, "waiting")]
    return [
        LineResult(position, line, outcome, record, row, [ItemValue(*item) for item in items])
        for position, line, outcome, record, row, items in _opened(batch, "results")
    ]


def seal_evidence(bulk: Bulk, evidence: str) -> bytes:
    return seal(PURPOSE, evidence.encode(), context=_context_of_evidence(bulk)) if evidence else b""


def evidence_of(bulk: Bulk) -> str:
    """What the inquirer signed about its own clerk and case, if anything. Raises CannotOpen."""
    sealed = bytes(bulk.evidence_sealed)
    return open_sealed(PURPOSE, sealed, context=_context_of_evidence(bulk)).decode() if sealed else ""


def _opened(batch: BulkBatch, what: str) -> list[list[Any]]:
    content: list[list[Any]] = json.loads(open_sealed(PURPOSE, bytes(batch.sealed), context=_context(batch, what)))
    return content


def _days(period: Period) -> list[Any]:
    days = (period.begins_on, period.ends_on)
    return [period.fiscal_year, *(day.isoformat() if day else None for day in days)]


def _period(fiscal_year: int | None, begins_on: str | None, ends_on: str | None) -> Period:
    begins, ends = (date.fromisoformat(day) if day else None for day in (begins_on, ends_on))
    return Period(fiscal_year, begins, ends)


def _context(batch: BulkBatch, what: str) -> str:
    return f"exchange.BulkBatch.sealed:{batch.pk}:{batch.bulk_id}:{batch.bulk.inquirer.local_code}:{what}"


def _context_of_evidence(bulk: Bulk) -> str:
    return f"exchange.Bulk.evidence_sealed:{bulk.pk}:{bulk.inquirer.local_code}"
