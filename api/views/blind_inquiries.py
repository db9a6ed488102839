"""POST /api/v1/inquiries/blind: the same question, about a person whom the exchange's conversion does not see (M1)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api import problems
from api.permissions import AgencyClient
from api.samples import BLIND_INQUIRY
from api.schema import described, request_example
from api.serializers.blind_inquiries import BlindInquiryRequest
from api.views.inquiries import ANSWER_EXAMPLES, ANSWERS, REFUSED, InquiryAddress
from codes.blind import Question
from codes.rist1 import MalformedCode
from exchange.blind_inquiry import inquire


class BlindInquiries(InquiryAddress):
    """Ask with your code encrypted to the provider and to the portal, and a proof that both hide one code. Answer,
    refusals and record are those of the direct question: through the portal's part the person sees that you asked. A
    transaction number works once."""

    permission_classes = [AgencyClient]

    @described(
        id="inquire_blind",
        summary="Ask another agency about one person, blind",
        request=BlindInquiryRequest,
        answers=ANSWERS,
        examples=[request_example("blind-inquiry", BLIND_INQUIRY), *ANSWER_EXAMPLES],
        also=("proof-rejected", *REFUSED, "transaction-used", "not-asked-blind", "unavailable"),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(BlindInquiryRequest)
        try:
            answer = inquire(
                **self.what_is_asked(asked),
                question=Question(**asked["question"]),
                epoch=asked["epoch"],
                number=asked["transaction"].bytes,
            )
        except MalformedCode as reason:
            raise problems.of_field("epoch", str(reason)) from None
        return self.as_it_stands(answer)
