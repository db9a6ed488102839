"""Every error of the API as a problem (RFC 9457): what is wrong in the caller's terms, never what was sent.

A problem's `type` is the address of a page that explains it. Its members are `type`, `title`, `status`, `detail`, and
where they apply `code` (the exchange's outcome code), `record` (the record that the request left) and `errors` (one
entry per refused field). No value of the request is ever repeated: a code or a number in an error would end up in logs.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.http import Http404, HttpResponse
from rest_framework import exceptions, status

from api.problem_kinds import KINDS as KINDS
from codes.proofs import ProofRejected
from codes.rist1 import MalformedCode
from databases import away
from exchange.blind_inquiry import NumberUsed
from exchange.code_keys import CodesWaiting
from exchange.conversion import NoCodeKey
from exchange.decisions import NotAsked
from exchange.permission import Refused
from exchange.registration import NotTheProvider
from exchange.repeats import ReferenceTaken as InquiryReferenceTaken
from exchange.standing import AnswerErased, HasEnded, InProgress, UnknownInquiry
from holdings.hosted import NotDeposited
from holdings.registration import LayoutNotSupported, NotRegistered
from holdings.registration import ReferenceTaken as CopyReferenceTaken
from notifications.delivery import NotDeliverable
from notifications.delivery import ReferenceTaken as NoticeReferenceTaken
from notifications.documents import DocumentRefused
from payments.charging import NotChargeable
from payments.charging import ReferenceTaken as ChargeReferenceTaken

CONTENT_TYPE = "application/problem+json"
REALM = "agencies"
# Of one request; who sent more wrong fields than this learns of the rest when these are right.
MOST_ERRORS = 100

logger = logging.getLogger("api")


# The exchange's refusals (its outcome codes) and the kind of problem that each one is.
_KIND_OF_CODE = {
    "2001": "no-legal-basis",
    "2002": "assessment-missing",
    "2003": "item-not-allowed",
    "3004": "layout-not-supported",
    "5001": "unavailable",
    "5002": "unavailable",
    "9000": "internal-error",
}
CODE_OF_KIND = {kind: code for code, kind in reversed(_KIND_OF_CODE.items())}
_KIND_OF_ERROR: dict[type[Exception], str] = {
    ProofRejected: "proof-rejected",
    NumberUsed: "transaction-used",
    CodesWaiting: "codes-waiting",
    NoCodeKey: "not-asked-blind",
    NotDeposited: "not-asked-blind",
    NotTheProvider: "not-the-provider",
}
# Kinds that leave a record, whose id they carry.
RECORDED = {"no-legal-basis", "assessment-missing", "item-not-allowed"}


class FieldError(NamedTuple):
    """One refused field, by its path in the body (`documents.0.content`; empty for the body itself)."""

    field: str
    detail: str


@dataclass(eq=False)
class Problem(Exception):
    """An error that the API answers with. `detail` is our own sentence, never the caller's text."""

    kind: str
    detail: str = ""
    code: str | None = None
    record: str | None = None
    errors: list[FieldError] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        kind = KINDS[self.kind]
        body: dict[str, Any] = {
            "type": type_uri(self.kind),
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail or kind.explanation,
        }
        if self.code is not None:
            body["code"] = self.code
        if self.record is not None:
            body["record"] = self.record
        if self.errors:
            body["errors"] = [error._asdict() for error in self.errors]
        return body


def type_uri(kind: str) -> str:
    """The address of the page that explains this kind of problem."""
    return f"{settings.PORTAL_ORIGIN}/api/problems/{kind}"


def refusal(*, code: str, record: str) -> Problem:
    """The problem for a refusal of the exchange, with the record that it left."""
    return Problem(_KIND_OF_CODE.get(code, "refused"), code=code, record=record)


def response(problem: Problem) -> HttpResponse:
    """The problem as an HTTP response, marked as logged: Django's own line would repeat the address asked for."""
    answer = HttpResponse(
        json.dumps(problem.body(), ensure_ascii=False),
        status=KINDS[problem.kind].status,
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store", "Content-Language": "en", **problem.headers},
    )
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's exception handler: whatever went wrong in a view becomes a problem."""
    problem = _problem_of(error)
    if isinstance(error, exceptions.MethodNotAllowed) and "view" in context:
        problem.headers["Allow"] = ", ".join(context["view"].allowed_methods)
    view = type(context.get("view")).__name__
    if KINDS[problem.kind].status >= 500:
        # The kind and place of the failure, never its text: a database's message repeats the values of the row.
        logger.error("%s failed: %s at %s", view, type(error).__name__, _place(error))
    else:
        logger.info("%s answered %s", view, problem.kind)
    return response(problem)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return refusal(code=error.code, record=error.record)
    if isinstance(error, MalformedCode):
        return of_field("code", str(error))
    for found, kind in _KIND_OF_ERROR.items():
        if isinstance(error, found):
            return Problem(kind)
    if isinstance(error, NotRegistered):
        return _of_lines(error)
    if isinstance(error, NoticeReferenceTaken | ChargeReferenceTaken | InquiryReferenceTaken):
        return Problem("reference-taken")
    if isinstance(error, HasEnded):
        return Problem("has-ended", code=error.outcome, record=error.record)
    if kind := _KIND_OF_STANDING.get(type(error)):
        return Problem(kind)
    if isinstance(error, NotAsked):
        return of_field("items", "Must be exactly the items that were asked for.")
    if isinstance(error, NotDeliverable | DocumentRefused | NotChargeable):
        return of_field("", str(error))
    return _problem_of_framework(error)


_KIND_OF_STANDING: dict[type[Exception], str] = {
    UnknownInquiry: "unknown-record",
    InProgress: "in-progress",
    AnswerErased: "answer-erased",
}


def _of_lines(error: NotRegistered) -> Problem:
    errors = [FieldError(f"copies.{line}.{field}", sentence) for line, field, sentence in error.faults]
    if isinstance(error, LayoutNotSupported):
        return Problem("layout-not-supported", code=error.outcome, errors=errors)
    if isinstance(error, CopyReferenceTaken):
        return Problem("reference-taken", errors=errors)
    return Problem("invalid-request", "One or more copies were refused, and none was registered.", errors=errors)


def of_field(name: str, sentence: str) -> Problem:
    """That one field was refused, and why."""
    return Problem("invalid-request", "One or more fields were refused.", errors=[FieldError(name, sentence)])


def _problem_of_framework(error: Exception) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        errors = _field_errors(error.detail)[:MOST_ERRORS]
        return Problem("invalid-request", "One or more fields were refused.", errors=errors)
    if isinstance(error, exceptions.NotAuthenticated):
        return Problem("no-token", headers={"WWW-Authenticate": f'Bearer realm="{REALM}"'})
    if isinstance(error, exceptions.MethodNotAllowed):
        return Problem("method-not-allowed", headers={"Allow": "POST"})
    if isinstance(error, exceptions.Throttled):
        return Problem("too-many-requests", headers={"Retry-After": str(int(error.wait or 1))})
    if isinstance(error, Http404):
        return Problem("not-found")
    if isinstance(error, exceptions.APIException):
        return Problem(_KIND_OF_STATUS.get(error.status_code, "internal-error"))
    return of_failure(error)


def of_failure(error: BaseException | None) -> Problem:
    """The problem of a failure that is no answer of the exchange's."""
    if away.is_away(error):
        return Problem("away", headers={"Retry-After": str(away.RETRY_AFTER_SECONDS)})
    return Problem("internal-error", code="9000")


_KIND_OF_STATUS = {
    status.HTTP_400_BAD_REQUEST: "invalid-request",
    status.HTTP_401_UNAUTHORIZED: "invalid-token",
    status.HTTP_403_FORBIDDEN: "not-permitted",
    status.HTTP_404_NOT_FOUND: "not-found",
    status.HTTP_406_NOT_ACCEPTABLE: "not-acceptable",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type",
}


def _field_errors(detail: Any, path: str = "") -> list[FieldError]:
    """DRF's nested errors as a flat list. Only names of our own fields come in: unknown ones are never repeated."""
    if isinstance(detail, dict):
        nested = [(f"{path}.{name}" if path else str(name), value) for name, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(entry, dict | list) for entry in detail):
        nested = [(f"{path}.{index}" if path else str(index), value) for index, value in enumerate(detail) if value]
    else:
        sentences = detail if isinstance(detail, list) else [detail]
        return [
            FieldError(path.removesuffix(".non_field_errors").replace("non_field_errors", ""), str(sentence))
            for sentence in sentences
        ]
    return [error for name, value in nested for error in _field_errors(value, name)]


def _place(error: Exception) -> str:
    """`file:line function` of the frames, innermost last, without values."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-4:]))
