"""POST /api/v1/codes/collect and /api/v1/codes/confirm: an agency fetches the codes that were issued for it.

The codes are encrypted to the agency's own key, and forgotten here once the agency confirms (article 21-2).
"""

from __future__ import annotations

import base64

from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import AgencyClient
from api.samples import COLLECTED, CONFIRMATION
from api.schema import answer_example, described, request_example
from api.serializers.codes import CollectAnswer, CollectRequest, ConfirmAnswer, ConfirmRequest
from api.views.base import AgencyAddress
from exchange import code_issue


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


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
