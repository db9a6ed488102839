"""POST /api/v1/inquiries: one agency asks another about one person, comes back for the answer, or takes it back."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.models import Agency
from api import problems
from api.permissions import AgencyClient
from api.problems import Problem
from api.samples import (
    CALLBACK,
    CALLBACK_REGISTERED,
    CANCELLED,
    INQUIRY,
    INQUIRY_ANSWER,
    INQUIRY_NOT_DISCLOSED,
    NO_RECORD,
    OWN_RECORD,
    PENDING,
)
from api.schema import answer_example, described, request_example
from api.serializers.inquiries import (
    CallbackAnswer,
    CallbackRequest,
    InquiryAnswer,
    InquiryRequest,
    PendingInquiry,
    RecordRequest,
)
from api.views.base import AgencyAddress
from exchange import callbacks, standing, trust
from exchange.inquiry import Answer, NotDisclosed, inquire
from exchange.statute import items
from holdings.periods import Period

RESULT = "/api/v1/inquiries/result"
# How any inquiry may be answered at once, and the problems that a refusal is.
ANSWERS: dict[int, tuple[Any, str]] = {
    200: (InquiryAnswer, "The answer, also when nothing is held."),
    202: (PendingInquiry, "Accepted and on record; the provider answers later: fetch the result."),
}
ANSWER_EXAMPLES = [
    answer_example("answered", INQUIRY_ANSWER),
    answer_example("no-record", NO_RECORD),
    answer_example("held", PENDING, 202),
]
REFUSED = ("no-legal-basis", "assessment-missing", "item-not-allowed", "refused")


class InquiryAddress(AgencyAddress):
    """What takes an inquiry or answers with one: over, or not yet."""

    def what_is_asked(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What every inquiry says, in the words of the act that asks. Raises Problem."""
        caller, provider = self.caller(), provider_of(asked)
        if caller.evidence and caller.case_number != asked["case_number"]:
            raise Problem("invalid-evidence", "The evidence is for another case number.")
        return {
            "inquirer": caller.agency,
            "provider": provider,
            "affair": asked["affair"],
            "data_set": asked["data_set"],
            "items": asked["items"],
            "condition": asked.get("condition", Period()),
            "case_number": asked["case_number"],
            "evidence": caller.evidence,
            "at": timezone.now(),
        }

    def as_it_stands(self, answer: Answer) -> Response:
        if answer.is_pending:
            return self.answer(PendingInquiry, _promise(answer), status=202)
        return self.answer(InquiryAnswer, _content(answer))


class Inquiries(InquiryAddress):
    """Ask, by your own code for the person. The record is written before the answer leaves; a refusal is recorded
    too. A provider that does not exist cannot be asked: that is the caller's mistake, and nothing is recorded.

    With a reference of your own the inquiry is safe to repeat. Where the provider does not answer at once, you get a
    promise (202) and come back for the result."""

    permission_classes = [AgencyClient]

    @described(
        id="inquire",
        summary="Ask another agency about one person",
        request=InquiryRequest,
        answers=ANSWERS,
        examples=[
            request_example("inquiry", INQUIRY),
            request_example("not-disclosed", INQUIRY_NOT_DISCLOSED),
            *ANSWER_EXAMPLES,
        ],
        also=(*REFUSED, "unavailable", "reference-taken", "in-progress", "answer-erased"),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(InquiryRequest)
        answer = inquire(
            **self.what_is_asked(asked),
            code=asked["code"],
            reference=asked.get("reference", ""),
            not_disclosed=NotDisclosed(**asked["not_disclosed"]) if "not_disclosed" in asked else None,
            on_behalf_of=_agency("on_behalf_of", asked["on_behalf_of"]) if "on_behalf_of" in asked else None,
        )
        return self.as_it_stands(answer)


class Result(InquiryAddress):
    """Come back for the answer to an inquiry that was not answered at once, or bore a reference. It is kept sealed for
    thirty days, and for one once it was fetched; then it is erased. How the inquiry ended stays known."""

    permission_classes = [AgencyClient]

    @described(
        id="fetch_result",
        summary="Fetch the answer to an earlier inquiry",
        request=RecordRequest,
        answers={
            200: (InquiryAnswer, "It is over: answered, declined, cancelled, or not obtained."),
            202: (PendingInquiry, "Not yet."),
        },
        examples=[
            request_example("record", OWN_RECORD),
            answer_example("answered", INQUIRY_ANSWER),
            answer_example("held", PENDING, 202),
        ],
        also=(*REFUSED, "unknown-record", "in-progress", "answer-erased"),
    )
    def post(self, request: Request) -> Response:
        record = str(self.read(RecordRequest)["record"])
        return self.as_it_stands(standing.result(inquirer=self.caller().agency, record=record, at=timezone.now()))


class Cancel(InquiryAddress):
    """Take back an inquiry that still waits for its provider. It stays on record, with outcome 4002."""

    permission_classes = [AgencyClient]

    @described(
        id="cancel_inquiry",
        summary="Take back an inquiry that is not answered yet",
        request=RecordRequest,
        answers={200: (InquiryAnswer, "Cancelled, now or before.")},
        examples=[request_example("record", OWN_RECORD), answer_example("cancelled", CANCELLED)],
        also=("unknown-record", "has-ended", "in-progress"),
    )
    def post(self, request: Request) -> Response:
        record = str(self.read(RecordRequest)["record"])
        return self.as_it_stands(standing.cancel(inquirer=self.caller().agency, record=record, at=timezone.now()))


class Callback(AgencyAddress):
    """Name the address at which you want to be told that one of your inquiries has ended. We POST `{"record": …}` there
    and nothing else, signed by profile mynx-1 with a key of /api/keys. It may come twice, late or never: ask for the
    result also by yourself."""

    permission_classes = [AgencyClient]

    @described(
        id="register_callback",
        summary="Be told when an inquiry has ended",
        request=CallbackRequest,
        answers={200: (CallbackAnswer, "It holds from now on.")},
        examples=[request_example("address", CALLBACK), answer_example("registered", CALLBACK_REGISTERED)],
    )
    def post(self, request: Request) -> Response:
        url, agency = self.read(CallbackRequest).get("url"), self.caller().agency
        if url is None:
            trust.withdraw_callback(agency=agency, by=self.caller().name, at=timezone.now())
        else:
            try:
                trust.register_callback(agency=agency, url=url, by=self.caller().name, at=timezone.now())
            except callbacks.NotAnAddress as reason:
                raise problems.of_field("url", str(reason)) from None
        return self.answer(CallbackAnswer, {"is_registered": url is not None})


def _agency(name: str, local_code: str) -> Agency:
    agency = Agency.objects.known(local_code)
    if agency is None:
        raise problems.of_field(name, "There is no active agency with this local code.")
    return agency


def _promise(answer: Answer) -> dict[str, object]:
    return {
        "outcome": answer.outcome,
        "record": answer.record,
        "legal_basis": {"row": answer.rule.row, "article": answer.rule.article},
        "asked_at": answer.asked_at,
        "ends_at": answer.ends_at,
        "result": RESULT,
    }


def provider_of(asked: dict[str, Any]) -> Agency:
    """The agency that is asked. Raises Problem."""
    return _agency("provider", asked["provider"])


def _content(answer: Answer) -> dict[str, object]:
    names = items()
    return {
        "outcome": answer.outcome,
        "record": answer.record,
        "legal_basis": {"row": answer.rule.row, "article": answer.rule.article},
        "asked_at": answer.asked_at,
        "answered_at": answer.answered_at,
        "items": [
            {
                "code": item.code,
                "name": names[item.code].name,
                "value": item.value,
                "null_reason": item.null_reason or None,
            }
            for item in answer.items
        ],
    }
