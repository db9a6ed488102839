"""POST /api/v1/inquiries: one agency asks another about one person."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.models import Agency
from api.authentication import Caller
from api.permissions import AgencyClient
from api.problems import FieldError, Problem
from api.samples import INQUIRY, INQUIRY_ANSWER, NO_RECORD
from api.schema import answer_example, described, request_example
from api.serializers.inquiries import InquiryAnswer, InquiryRequest
from api.views.base import AgencyAddress
from exchange.inquiry import Answer, inquire
from exchange.statute import items
from holdings.periods import Period


class Inquiries(AgencyAddress):
    """Ask, by your own code for the person. The record is written before the answer leaves; a refusal is recorded
    too. A provider that does not exist cannot be asked: that is the caller's mistake, and nothing is recorded."""

    permission_classes = [AgencyClient]

    @described(
        id="inquire",
        summary="Ask another agency about one person",
        request=InquiryRequest,
        answers={200: (InquiryAnswer, "The answer, also when nothing is held.")},
        examples=[
            request_example("inquiry", INQUIRY),
            answer_example("answered", INQUIRY_ANSWER),
            answer_example("no-record", NO_RECORD),
        ],
        also=("no-legal-basis", "assessment-missing", "item-not-allowed", "refused", "unavailable"),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(InquiryRequest)
        provider = provider_of(asked)
        caller = self.caller()
        check_case_number(caller, asked)
        answer = inquire(
            inquirer=caller.agency,
            code=asked["code"],
            provider=provider,
            affair=asked["affair"],
            data_set=asked["data_set"],
            items=asked["items"],
            condition=asked.get("condition", Period()),
            case_number=asked["case_number"],
            evidence=caller.evidence,
            at=timezone.now(),
        )
        return self.answer(InquiryAnswer, content_of(answer))


def provider_of(asked: dict[str, Any]) -> Agency:
    """The agency that is asked. Raises Problem."""
    provider = Agency.objects.known(asked["provider"])
    if provider is None:
        unknown = FieldError("provider", "There is no active agency with this local code.")
        raise Problem("invalid-request", "One or more fields were refused.", errors=[unknown])
    return provider


def check_case_number(caller: Caller, asked: dict[str, Any]) -> None:
    """Evidence is for one case. Raises Problem."""
    if caller.evidence and caller.case_number != asked["case_number"]:
        raise Problem("invalid-evidence", "The evidence is for another case number.")


def content_of(answer: Answer) -> dict[str, object]:
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
