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

from codes.proofs import ProofRejected
from codes.rist1 import MalformedCode
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


class Kind(NamedTuple):
    """One kind of problem: its status, its title and what to do about it (shown on its page)."""

    status: int
    title: str
    explanation: str


KINDS: dict[str, Kind] = {
    "malformed-json": Kind(400, "The body is not JSON", "Send one JSON object in UTF-8, each name once, no NaN."),
    "invalid-request": Kind(
        400,
        "The request is not well formed",
        "The errors name each field that was refused, and why. Values are never repeated. Fields that the API does not "
        "know are refused too, so that a misspelt field is not silently left out. Nothing was looked up or recorded.",
    ),
    "no-token": Kind(
        401,
        "An access token is needed",
        "Get a token at /api/oauth/token and send it in the header Authorization, as a Bearer token.",
    ),
    "invalid-token": Kind(
        401,
        "The access token is not valid",
        "It was not made by this service, was damaged, or its client or agency is no longer active. Get a new one.",
    ),
    "expired-token": Kind(401, "The access token has expired", "Tokens live for five minutes. Get a new one."),
    "no-signature": Kind(
        401,
        "A signature is needed",
        "Every request is signed by profile mynx-1 (RFC 9421), with the key that your client is registered by. The "
        "header Accept-Signature of this answer names what the signature covers and which parameters it has.",
    ),
    "invalid-signature": Kind(
        401,
        "The signature is not valid",
        "It must be labelled mynx, have the tag mynx-1, be made by your client's key, cover every component that the "
        "header Accept-Signature names, and live for at most a minute by a clock that is at most five seconds ahead.",
    ),
    "used-signature": Kind(
        401,
        "The signature was used before",
        "A nonce works once. Sign every request anew, also when you send the same again after a time-out.",
    ),
    "digest-mismatch": Kind(
        400,
        "The body is not the one that was signed",
        "Content-Digest (RFC 9530) names the body by its SHA-256, also an empty one. Send the bytes that you signed.",
    ),
    "invalid-evidence": Kind(
        400,
        "The evidence is not valid",
        "Mynx-Evidence is a JWT of the type mynx-evidence+jwt by your client's key: iss is the client id, aud the "
        "address of this API, exp at most a minute away, and clerk, section, case_number and txn are stated. Its case "
        "number is the request's.",
    ),
    "proof-rejected": Kind(
        400,
        "The proof does not fit",
        "A proof is bound to every value beside it: the public keys, both ciphertexts, the parties, the epoch and the "
        "transaction, or the owner of a key. Fetch the keys again, in case one has changed, and make it anew. Nothing "
        "was looked up or recorded.",
    ),
    "not-permitted": Kind(403, "Not permitted", "This address is not open to the caller."),
    "no-legal-basis": Kind(
        403,
        "No legal basis",
        "No row of the permission table lets this agency ask or send this, for this affair, to this party, today "
        "(article 19 of the Number Act). The refusal is on record, and the person sees it.",
    ),
    "assessment-missing": Kind(
        403,
        "Impact assessment missing",
        "The specific personal information protection assessment of one of the parties is missing or has run out, so "
        "the exchange must refuse (articles 21(2) and 28 of the Number Act). The refusal is on record.",
    ),
    "item-not-allowed": Kind(
        403,
        "Item outside the permission",
        "The permission table allows this data set, but not every item that was asked for. Nothing was answered. The "
        "refusal is on record, and the person sees it.",
    ),
    "not-the-provider": Kind(
        403,
        "Not the provider",
        "No row of the permission table in force today names your kind of agency as the provider of this data set, or "
        "your agency answers from its own system and keeps no copies here. Nothing was changed.",
    ),
    "layout-not-supported": Kind(
        400,
        "The layout is not supported",
        "No layout of this version is in force for the data set today. The layouts stand at /api/layouts/. Nothing was "
        "registered.",
    ),
    "refused": Kind(403, "Refused", "The exchange refused the request. The code says why; the refusal is on record."),
    "not-found": Kind(404, "No such address", "The addresses are listed in the schema at /api/schema/."),
    "unknown-record": Kind(
        404,
        "No such inquiry",
        "You have no inquiry under this record. One that was answered at once, without a reference, is not kept for "
        "fetching, and one of another agency looks the same as one that never was.",
    ),
    "no-such-question": Kind(
        404,
        "No such question",
        "No citizen has asked you about the record with this reference, or the question was passed to the commission.",
    ),
    "question-answered": Kind(
        409,
        "The question was answered",
        "There is another answer to this question already. Sending the same answer again changes nothing.",
    ),
    "no-such-bulk": Kind(
        404,
        "No such bulk inquiry",
        "Your agency has not handed in a bulk with this id. Hand in the same lines under the same reference again to "
        "learn its id.",
    ),
    "method-not-allowed": Kind(
        405,
        "Method not allowed",
        "Everything about a person is asked with POST, so that no code is ever part of an address.",
    ),
    "not-acceptable": Kind(406, "Only JSON is spoken here", "Accept application/json and application/problem+json."),
    "reference-taken": Kind(
        409,
        "The reference is taken",
        "You have already sent something else under this reference. The same content under the same reference is "
        "accepted again and changes nothing; other content needs a reference of its own.",
    ),
    "has-ended": Kind(
        409,
        "The inquiry has ended otherwise",
        "It was answered, declined, cancelled or ended by its deadline before, as the code says. Nothing was changed.",
    ),
    "in-progress": Kind(
        409,
        "The provider is being asked just now",
        "What is asked at this moment cannot be cancelled. Ask for the result in a moment.",
    ),
    "answer-erased": Kind(
        410,
        "The answer is erased",
        "An answer is kept for a while, and shorter once it was fetched. Ask again, under another reference.",
    ),
    "transaction-used": Kind(
        409,
        "The transaction was used before",
        "You have asked blind under this transaction number before, and that is on record. Make a new number and a new "
        "proof for every question, also when you ask the same again.",
    ),
    "codes-waiting": Kind(
        409,
        "Codes wait under the former key",
        "Codes wait for you that were encrypted to the key that you have registered. Collect and confirm them first: "
        "they could not be opened with another key.",
    ),
    "bulk-not-ended": Kind(
        409, "The bulk inquiry has not ended", "Some lines have no outcome yet. Confirm the results when you have all."
    ),
    "answers-erased": Kind(
        410,
        "The answers are erased",
        "You confirmed that they had arrived, or did not fetch them in time. The records of the lines stay. Ask again "
        "under another reference if you need the answers again.",
    ),
    "too-large": Kind(413, "The request is too large", "A document may have 4 MB, a whole request 6 MB."),
    "unsupported-media-type": Kind(
        415,
        "Unsupported media type",
        "Send application/json; the token address takes application/x-www-form-urlencoded.",
    ),
    "too-many-requests": Kind(
        429,
        "Too many requests",
        "Your agency has used up its requests of this minute. Wait as the header Retry-After says.",
    ),
    "bulk-limit": Kind(
        429,
        "Too many bulk inquiries",
        "Your agency has too many bulks that are not done, or has handed in too many lines today. The detail says "
        "which; wait as the header Retry-After says. Nothing was taken.",
    ),
    "internal-error": Kind(
        500,
        "The service failed",
        "Nothing was answered. A request that was recorded before the failure stays on record. Try again; with the "
        "same reference nothing is sent twice.",
    ),
    "not-asked-blind": Kind(
        503,
        "The provider cannot be asked blind",
        "It has not registered the key for its codes, or has not deposited it where its copies lie. Ask directly, at "
        "/api/v1/inquiries, or try again later. Nothing was recorded.",
    ),
    "unavailable": Kind(
        503, "The provider does not answer", "The provider is down or too slow. Try again later; the try is on record."
    ),
}

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
        return _one_field("code", str(error))
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
        return _one_field("items", "Must be exactly the items that were asked for.")
    if isinstance(error, NotDeliverable | DocumentRefused | NotChargeable):
        return _one_field("", str(error))
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


def _one_field(name: str, sentence: str) -> Problem:
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
