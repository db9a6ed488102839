"""POST /api/v1/codes/…: an agency fetches the codes that were issued for it, and brings its own to a new epoch.

Issued codes are encrypted to the agency's own key, and forgotten here once the agency confirms (article 21-2).
"""

from __future__ import annotations

import base64

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api import problems
from api.permissions import AgencyClient
from api.samples import COLLECTED, CONFIRMATION, RENEWAL, RENEWED
from api.schema import answer_example, described, request_example
from api.serializers.codes import (
    CollectAnswer,
    CollectRequest,
    ConfirmAnswer,
    ConfirmRequest,
    RenewAnswer,
    RenewRequest,
)
from api.views.base import AgencyAddress
from codes.rist1 import format_code
from exchange import code_issue, renewal


class Collect(AgencyAddress):
    """Fetch the codes that wait for you. They are handed out again until you confirm them."""

    permission_classes = [AgencyClient]

    @described(
        id="collect_codes",
        summary="Fetch newly issued codes",
        request=CollectRequest,
        answers={200: (CollectAnswer, "The codes that wait, at most as many as asked for.")},
        examples=[request_example("collect", {"limit": 100}), answer_example("codes", COLLECTED)],
    )
    def post(self, request: Request) -> Response:
        asked = self.read(CollectRequest)
        waiting = code_issue.collect(agency=self.caller().agency, limit=asked["limit"])
        codes = [
            {
                "acquisition": offered.acquisition,
                "local_id": offered.local_id,
                "epoch": offered.epoch,
                "ephemeral": _base64url(offered.code.ephemeral),
                "body": _base64url(offered.code.body),
            }
            for offered in waiting
        ]
        return self.answer(CollectAnswer, {"codes": codes})


class Confirm(AgencyAddress):
    """Say that codes have arrived and are stored, so that they are deleted here. Other agencies' are never touched."""

    permission_classes = [AgencyClient]

    @described(
        id="confirm_codes",
        summary="Confirm codes that have arrived",
        request=ConfirmRequest,
        answers={200: (ConfirmAnswer, "How many were still waiting.")},
        examples=[request_example("confirm", CONFIRMATION), answer_example("confirmed", {"confirmed": 1})],
    )
    def post(self, request: Request) -> Response:
        arrived = self.read(ConfirmRequest)
        count = code_issue.confirm(agency=self.caller().agency, acquisitions=arrived["acquisitions"])
        return self.answer(ConfirmAnswer, {"confirmed": count})


class Renew(AgencyAddress):
    """Hand in your codes of a former epoch and get the same persons' present ones, while both epochs stand. Each is on
    its person's record before it leaves, as when it was first issued. Safe to repeat."""

    permission_classes = [AgencyClient]

    @described(
        id="renew_codes",
        summary="Bring your codes to the present epoch",
        request=RenewRequest,
        answers={200: (RenewAnswer, "The present codes.")},
        examples=[request_example("renewal", RENEWAL), answer_example("renewed", RENEWED)],
        also=("no-legal-basis", "assessment-missing", "refused"),
    )
    def post(self, request: Request) -> Response:
        asked = self.read(RenewRequest)
        try:
            renewed = renewal.renew(agency=self.caller().agency, codes=asked["codes"], at=timezone.now())
        except renewal.NotRenewable as reason:
            raise problems.of_field(f"codes.{reason.position}", str(reason)) from None
        return self.answer(
            RenewAnswer, {"epoch": renewed.epoch, "codes": [format_code(code) for code in renewed.codes]}
        )


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
