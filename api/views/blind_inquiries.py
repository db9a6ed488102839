"""POST /api/v1/inquiries/blind: the same question, about a person whom the exchange's conversion does not see (M1)."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import AgencyClient
from api.problems import FieldError, Problem
from api.samples import BLIND_INQUIRY, INQUIRY_ANSWER, NO_RECORD, PENDING
from api.schema import answer_example, described, request_example
from api.serializers.blind_inquiries import BlindInquiryRequest
from api.serializers.inquiries import InquiryAnswer, PendingInquiry
from api.views.inquiries import InquiryAddress, check_case_number, provider_of
from codes.blind import Question
from codes.rist1 import MalformedCode
from exchange.blind_inquiry import inquire
from holdings.periods import Period


class BlindInquiries(InquiryAddress):
    """Ask with your code encrypted to the provider and to the portal, and a proof that both hide one code. Answer,
    refusals and record are those of the direct question: through the portal's part the person sees that you asked. A
    transaction number works once."""

    permission_classes = [AgencyClient]

    @described(
        id="inquire_blind",
        summary="Ask another agency about one person, blind",
        request=BlindInquiryRequest,
        answers={
            200: (InquiryAnswer, "The answer, also when nothing is held."),
            202: (PendingInquiry, "The provider answers later: fetch the result."),
        },
        examples=[
            request_example("blind-inquiry", BLIND_INQUIRY),
            answer_example("answered", INQUIRY_ANSWER),
            answer_example("no-record", NO_RECORD),
            answer_example("held", PENDING, 202),
        ],
        also=(
            "proof-rejected",
            "no-legal-basis",
            "assessment-missing",
            "item-not-allowed",
            "refused",
            "transaction-used",
            "not-asked-blind",
            "unavailable",
        ),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(BlindInquiryRequest)
        provider = provider_of(asked)
        caller = self.caller()
        check_case_number(caller, asked)
        try:
            answer = inquire(
                inquirer=caller.agency,
                question=Question(**asked["question"]),
                epoch=asked["epoch"],
                number=asked["transaction"].bytes,
                provider=provider,
                affair=asked["affair"],
                data_set=asked["data_set"],
                items=asked["items"],
                condition=asked.get("condition", Period()),
                case_number=asked["case_number"],
                evidence=caller.evidence,
                at=timezone.now(),
            )
        except MalformedCode as reason:
            refused = FieldError("epoch", str(reason))
            raise Problem("invalid-request", "One or more fields were refused.", errors=[refused]) from None
        return self.as_it_stands(answer)
