"""POST /api/v1/recalls/collect and /api/v1/recalls/confirm: an agency learns what of its answers was wrong."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import AgencyClient
from api.samples import RECALL_CONFIRMATION, RECALLS
from api.schema import answer_example, described, request_example
from api.serializers.recalls import (
    CollectRecallsAnswer,
    CollectRecallsRequest,
    ConfirmRecallsAnswer,
    ConfirmRecallsRequest,
)
from api.views.base import AgencyAddress
from exchange import recalls


class Collect(AgencyAddress):
    """Fetch what providers corrected or withdrew after you had got it. Handed out again until you confirm it."""

    permission_classes = [AgencyClient]

    @described(
        id="collect_recalls",
        summary="Fetch recalls of information that you got",
        request=CollectRecallsRequest,
        answers={200: (CollectRecallsAnswer, "The recalls that wait, at most as many as asked for.")},
        examples=[request_example("collect", {"limit": 100}), answer_example("recalls", RECALLS)],
    )
    def post(self, request: Request) -> Response:
        asked = self.read(CollectRecallsRequest)
        waiting = recalls.collect(agency=self.caller().agency, limit=asked["limit"])
        return self.answer(CollectRecallsAnswer, {"recalls": waiting})


class Confirm(AgencyAddress):
    """Say that recalls have been noted. Other agencies' are never touched."""

    permission_classes = [AgencyClient]

    @described(
        id="confirm_recalls",
        summary="Confirm recalls that have been noted",
        request=ConfirmRecallsRequest,
        answers={200: (ConfirmRecallsAnswer, "How many were still waiting.")},
        examples=[request_example("confirm", RECALL_CONFIRMATION), answer_example("confirmed", {"confirmed": 1})],
    )
    def post(self, request: Request) -> Response:
        noted = self.read(ConfirmRecallsRequest)
        count = recalls.confirm(agency=self.caller().agency, recalls=noted["recalls"], at=timezone.now())
        return self.answer(ConfirmRecallsAnswer, {"confirmed": count})
