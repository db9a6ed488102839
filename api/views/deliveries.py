"""POST /api/v1/notices and /api/v1/charges: an agency writes to one person, and sends a bill.

Both are safe to repeat: the sender's reference names the letter or bill, so that a try after a time-out sends nothing
twice. The first time is 201, every other time 200.
"""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import AgencyClient
from api.samples import CHARGE, CHARGE_RECEIPT, NOTICE, NOTICE_RECEIPT
from api.schema import answer_example, described, request_example
from api.serializers.deliveries import ChargeReceipt, ChargeRequest, NoticeReceipt, NoticeRequest
from api.views.base import AgencyAddress
from crossings.deliver import deliver_charge, deliver_notice

_ALSO = ("no-legal-basis", "assessment-missing", "refused", "reference-taken")


class Notices(AgencyAddress):
    """Put a letter into the mailbox of one person. The mailbox is there whether or not anyone has opened an account,
    and the answer is the same either way."""

    permission_classes = [AgencyClient]

    @described(
        id="deliver_notice",
        summary="Put a letter into one person's mailbox",
        request=NoticeRequest,
        answers={
            201: (NoticeReceipt, "The letter lies in the mailbox."),
            200: (NoticeReceipt, "It lay there already: the same letter under the same reference."),
        },
        examples=[request_example("notice", NOTICE), answer_example("delivered", NOTICE_RECEIPT, 201)],
        also=_ALSO,
    )
    def post(self, request: Request) -> Response:
        sent = self.read(NoticeRequest)
        delivered = deliver_notice(
            sender=self.caller().agency,
            code=sent["code"],
            affair=sent["affair"],
            reference=sent["reference"],
            subject=sent["subject"],
            body=sent["body"],
            kind=sent["kind"],
            documents=[(document["name"], document["content"]) for document in sent.get("documents", [])],
            evidence=self.caller().evidence,
            at=timezone.now(),
        )
        receipt = {"reference": sent["reference"], "delivered_at": delivered.at, "record": delivered.record}
        return self.answer(NoticeReceipt, receipt, status=201 if delivered.is_new else 200)


class Charges(AgencyAddress):
    """Send a bill to one person."""

    permission_classes = [AgencyClient]

    @described(
        id="deliver_charge",
        summary="Send a bill to one person",
        request=ChargeRequest,
        answers={
            201: (ChargeReceipt, "The bill is issued."),
            200: (ChargeReceipt, "It was issued already: the same bill under the same reference."),
        },
        examples=[request_example("charge", CHARGE), answer_example("issued", CHARGE_RECEIPT, 201)],
        also=_ALSO,
    )
    def post(self, request: Request) -> Response:
        sent = self.read(ChargeRequest)
        delivered = deliver_charge(
            sender=self.caller().agency,
            code=sent["code"],
            affair=sent["affair"],
            reference=sent["reference"],
            title=sent["title"],
            amount=sent["amount"],
            due_on=sent["due_on"],
            evidence=self.caller().evidence,
            at=timezone.now(),
        )
        receipt = {"reference": sent["reference"], "issued_at": delivered.at, "record": delivered.record}
        return self.answer(ChargeReceipt, receipt, status=201 if delivered.is_new else 200)
