"""POST /api/v1/inquiries/bulk and what follows it: one agency asks about up to 10,000 persons at once.

The hand-in is answered at once; a worker does the rest. Where there is none (no broker), the agency's own calls for the
status drive its bulk on, a slice of time each.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import AgencyClient
from api.problems import FieldError, Problem
from api.samples import BULK, BULK_NAME, BULK_RECEIPT, BULK_RESULTS, BULK_STATUS
from api.schema import answer_example, described, request_example
from api.serializers.bulk import BulkName, BulkPageRequest, BulkReceipt, BulkRequest, BulkResults, BulkStatus
from api.views.base import AgencyAddress
from exchange import bulk, bulk_work
from exchange.bulk_lines import Line, LineResult
from exchange.statute import items
from holdings.periods import Period


class BulkAddress(AgencyAddress):
    """What the addresses of bulk inquiries have in common: how they fail."""

    def handle_exception(self, exc: Exception) -> Any:
        return super().handle_exception(_problem_of(exc) or exc)


class Bulks(BulkAddress):
    """Hand in many inquiries at once. Every line is checked first: all are taken, or none, and the errors name the
    first hundred lines that are wrong. Each line is then an inquiry of its own, with a record of its own."""

    permission_classes = [AgencyClient]

    @described(
        id="inquire_in_bulk",
        summary="Ask about many persons at once",
        request=BulkRequest,
        answers={
            202: (BulkReceipt, "All lines are taken."),
            200: (BulkReceipt, "They were taken already: the same lines under the same reference."),
        },
        examples=[
            request_example("bulk", BULK),
            answer_example("taken", BULK_RECEIPT, 202),
            answer_example("taken-before", BULK_RECEIPT),
        ],
        also=("reference-taken", "bulk-limit"),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(BulkRequest)
        caller = self.caller()
        if caller.evidence and caller.case_number != asked["reference"]:
            raise Problem("invalid-evidence", "The evidence of a bulk has its reference for a case number.")
        taken = bulk.hand_in(
            inquirer=caller.agency,
            reference=asked["reference"],
            lines=[_line(line) for line in asked["lines"]],
            evidence=caller.evidence,
            at=timezone.now(),
        )
        bulk_work.queue(taken.id)
        receipt = {"bulk": taken.id, "lines": taken.lines}
        return self.answer(BulkReceipt, receipt, status=202 if taken.is_new else 200)


class Status(BulkAddress):
    """How many lines have which outcome so far."""

    permission_classes = [AgencyClient]

    @described(
        id="bulk_status",
        summary="See how far a bulk inquiry is",
        request=BulkName,
        answers={200: (BulkStatus, "How far it is.")},
        examples=[request_example("bulk", BULK_NAME), answer_example("done", BULK_STATUS)],
        also=("no-such-bulk",),
    )
    def post(self, request: Request) -> Response:
        wanted: UUID = self.read(BulkName)["bulk"]
        found = bulk.progress(inquirer=self.caller().agency, bulk=wanted)
        if found.ended_at is None and settings.CELERY_TASK_ALWAYS_EAGER:
            bulk_work.queue(wanted)
            found = bulk.progress(inquirer=self.caller().agency, bulk=wanted)
        return self.answer(BulkStatus, _status(wanted, found))


class Results(BulkAddress):
    """The lines in the order of your hand-in, each with its outcome; what was not asked yet is 0101. The answers are
    erased here after a week, or when you confirm that they have arrived."""

    permission_classes = [AgencyClient]

    @described(
        id="bulk_results",
        summary="Fetch the results of a bulk inquiry",
        request=BulkPageRequest,
        answers={200: (BulkResults, "The next lines; fewer than asked for at the end.")},
        examples=[
            request_example("page", BULK_NAME | {"after": 0, "limit": 500}),
            answer_example("results", BULK_RESULTS),
        ],
        also=("no-such-bulk", "answers-erased"),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(BulkPageRequest)
        found = bulk.results(
            inquirer=self.caller().agency, bulk=asked["bulk"], after=asked["after"], limit=asked["limit"]
        )
        return self.answer(BulkResults, {"bulk": asked["bulk"], "results": [_result(line) for line in found]})


class ConfirmResults(BulkAddress):
    """Say that the results have arrived and are stored, so that the answers are erased here."""

    permission_classes = [AgencyClient]

    @described(
        id="confirm_bulk_results",
        summary="Confirm that the results have arrived",
        request=BulkName,
        answers={200: (BulkStatus, "The answers are gone. Again changes nothing.")},
        examples=[request_example("bulk", BULK_NAME), answer_example("erased", BULK_STATUS)],
        also=("no-such-bulk", "bulk-not-ended"),
    )
    def post(self, request: Request) -> Response:
        wanted: UUID = self.read(BulkName)["bulk"]
        bulk.confirm(inquirer=self.caller().agency, bulk=wanted, at=timezone.now())
        return self.answer(BulkStatus, _status(wanted, bulk.progress(inquirer=self.caller().agency, bulk=wanted)))


class Cancel(BulkAddress):
    """Ask no further line. What was asked keeps its outcome; the rest ends as 4002, without a record."""

    permission_classes = [AgencyClient]

    @described(
        id="cancel_bulk",
        summary="Cancel what has not been asked",
        request=BulkName,
        answers={200: (BulkStatus, "Cancelled. Again changes nothing, and so for a bulk that is done.")},
        examples=[request_example("bulk", BULK_NAME), answer_example("cancelled", BULK_STATUS)],
        also=("no-such-bulk",),
    )
    def post(self, request: Request) -> Response:
        wanted: UUID = self.read(BulkName)["bulk"]
        bulk.cancel(inquirer=self.caller().agency, bulk=wanted, at=timezone.now())
        return self.answer(BulkStatus, _status(wanted, bulk.progress(inquirer=self.caller().agency, bulk=wanted)))


def _line(line: dict[str, Any]) -> Line:
    return Line(
        id=line["line"],
        code=line["code"],
        provider=line["provider"],
        affair=line["affair"],
        data_set=line["data_set"],
        items=tuple(line["items"]),
        condition=line.get("condition", Period()),
        case_number=line["case_number"],
    )


def _status(wanted: UUID, found: bulk.Progress) -> dict[str, Any]:
    return {
        "bulk": wanted,
        "state": found.state,
        "lines": found.lines,
        "settled": found.settled,
        "outcomes": [{"outcome": outcome, "lines": count} for outcome, count in found.outcomes.items()],
        "accepted_at": found.accepted_at,
        "ended_at": found.ended_at,
        "erased_at": found.erased_at,
    }


def _result(line: LineResult) -> dict[str, Any]:
    return {
        "line": line.line,
        "outcome": line.outcome,
        "record": line.record or None,
        "row": line.row,
        "items": [
            {"code": item.code, "name": items()[item.code].name, "value": item.value, "null_reason": item.null_reason}
            for item in line.items
        ],
    }


def _problem_of(error: Exception) -> Problem | None:
    match error:
        case bulk.LinesRefused():
            errors = [FieldError(f"lines.{position}.{field}", said) for position, field, said in error.errors]
            return Problem("invalid-request", "One or more lines were refused, so none was taken.", errors=errors)
        case bulk.ReferenceTaken():
            return Problem("reference-taken")
        case bulk.TooMuch():
            return Problem("bulk-limit", str(error), headers={"Retry-After": str(error.seconds)})
        case bulk.NoSuchBulk():
            return Problem("no-such-bulk")
        case bulk.NotEnded():
            return Problem("bulk-not-ended")
        case bulk.Erased():
            return Problem("answers-erased")
    return None
