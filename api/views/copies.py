"""POST /api/v1/copies/register, withdraw, stop, resume: an agency looks after the copies that it provides from.

Its own only, and of the data sets that its kind provides by the permission table.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import AgencyClient
from api.samples import COPY_RECEIPT, COPY_RUN, STOP, WITHDRAWAL
from api.schema import answer_example, described, request_example
from api.serializers.copies import (
    RegisterReceipt,
    RegisterRequest,
    ResumeReceipt,
    ResumeRequest,
    StopReceipt,
    StopRequest,
    WithdrawReceipt,
    WithdrawRequest,
)
from api.views.base import AgencyAddress
from exchange import registration
from exchange.registration import HandedIn
from holdings.models import Stop, Withdrawal
from holdings.periods import Period


class Register(AgencyAddress):
    """Hand in copies, all or none. The layouts stand at /api/layouts/. A try after a time-out is safe: what was handed
    in under the same reference before changes nothing, even where it has been corrected since."""

    permission_classes = [AgencyClient]

    @described(
        id="register_copies",
        summary="Register the copies that you provide from",
        request=RegisterRequest,
        answers={200: (RegisterReceipt, "All of them are registered, or were before.")},
        examples=[request_example("copies", COPY_RUN), answer_example("registered", COPY_RECEIPT)],
        also=("not-the-provider", "layout-not-supported", "reference-taken"),
    )
    def post(self, request: Request) -> Response:
        run = self.read(RegisterRequest)
        done = registration.register(
            agency=self.caller().agency,
            kind=run["kind"],
            handed_in=[_handed_in(copy) for copy in run["copies"]],
            at=timezone.now(),
        )
        return self.answer(RegisterReceipt, done)


class Withdraw(AgencyAddress):
    """Withdraw one copy: what it said is erased, nothing is answered from it any more, and whoever got it is told."""

    permission_classes = [AgencyClient]

    @described(
        id="withdraw_copy",
        summary="Withdraw a copy that was wrong",
        request=WithdrawRequest,
        answers={200: (WithdrawReceipt, "It is withdrawn, or there was none.")},
        examples=[request_example("withdrawal", WITHDRAWAL), answer_example("withdrawn", {"withdrawn": True})],
        also=("not-the-provider",),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(WithdrawRequest)
        done = registration.withdraw(
            agency=self.caller().agency,
            code=asked["code"],
            data_set=asked["data_set"],
            period=asked.get("period", Period()),
            reason=Withdrawal(asked["reason"]),
            at=timezone.now(),
        )
        return self.answer(WithdrawReceipt, {"withdrawn": done})


class StopCopies(AgencyAddress):
    """Answer nothing from these copies until they are checked. Who asks meanwhile gets the outcome 3003."""

    permission_classes = [AgencyClient]

    @described(
        id="stop_copies",
        summary="Stop answering from copies that may be wrong",
        request=StopRequest,
        answers={200: (StopReceipt, "They are stopped.")},
        examples=[request_example("stop", STOP), answer_example("stopped", {"stopped": True})],
        also=("not-the-provider",),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(StopRequest)
        done = registration.stop(
            agency=self.caller().agency,
            data_set=asked["data_set"],
            reason=Stop.Reason(asked["reason"]),
            code=asked.get("code"),
            at=timezone.now(),
        )
        return self.answer(StopReceipt, {"stopped": done})


class Resume(AgencyAddress):
    """Lift a stop: a person's with the code, the one for everybody without."""

    permission_classes = [AgencyClient]

    @described(
        id="resume_copies",
        summary="Answer again from copies that were checked",
        request=ResumeRequest,
        answers={200: (ResumeReceipt, "No stop of this kind is left.")},
        examples=[
            request_example("resumption", {"data_set": STOP["data_set"]}),
            answer_example("resumed", {"resumed": True}),
        ],
        also=("not-the-provider",),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(ResumeRequest)
        done = registration.resume(
            agency=self.caller().agency, data_set=asked["data_set"], code=asked.get("code"), at=timezone.now()
        )
        return self.answer(ResumeReceipt, {"resumed": done})


def _handed_in(copy: dict[str, Any]) -> HandedIn:
    publication = copy.get("publication", {})
    return HandedIn(
        code=copy["code"],
        data_set=copy["data_set"],
        layout_version=copy["layout_version"],
        items=copy["items"],
        reference=copy["reference"],
        period=copy.get("period", Period()),
        published_from=publication.get("begins_on"),
        published_to=publication.get("ends_on"),
    )
