"""POST /api/v1/provisions/…: the provider's side. What waits for its decision, the decision, and what is to wait."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import AgencyClient
from api.samples import BY_HAND, BY_HAND_SET, DECIDED, DECISION, DECLINE, WAITING
from api.schema import answer_example, described, request_example
from api.serializers.provisions import (
    ByHandAnswer,
    ByHandRequest,
    DecisionAnswer,
    DecisionRequest,
    WaitingList,
    WaitingRequest,
)
from api.views.base import AgencyAddress
from exchange import decisions
from exchange.conversion import convert_to_all
from holdings import waiting
from holdings.models import WaitingQuestion
from holdings.provide import ItemValue


class Waiting(AgencyAddress):
    """What waits for you: inquiries that you do not answer automatically. Nobody else's are ever listed."""

    permission_classes = [AgencyClient]

    @described(
        id="list_waiting",
        summary="List the inquiries that wait for your decision",
        request=WaitingRequest,
        answers={200: (WaitingList, "At most as many as you asked for, the most urgent first.")},
        examples=[request_example("some", {"limit": 20}), answer_example("waiting", WAITING)],
    )
    def post(self, request: Request) -> Response:
        limit = self.read(WaitingRequest)["limit"]
        found = decisions.in_tray(provider=self.caller().agency, at=timezone.now(), limit=limit)
        return self.answer(WaitingList, {"waiting": [_shown(question) for question in found]})


class Decide(AgencyAddress):
    """Answer or decline one of them. The record is written before this answers; the same again changes nothing. Who is
    too late is told how it ended."""

    permission_classes = [AgencyClient]

    @described(
        id="decide",
        summary="Answer an inquiry that waits for you, or decline",
        request=DecisionRequest,
        answers={200: (DecisionAnswer, "Decided, now or by an earlier try of the same.")},
        examples=[
            request_example("answer", DECISION),
            request_example("decline", DECLINE),
            answer_example("decided", DECIDED),
        ],
        also=("unknown-record", "has-ended"),
    )
    def post(self, request: Request) -> Response:
        decided = self.read(DecisionRequest)
        facts = {
            "provider": self.caller().agency,
            "reference": str(decided["record"]),
            "private": {"reason": decided["reason"], "evidence_of_decision": self.caller().evidence},
            "at": timezone.now(),
        }
        if decided["decision"] == "ANSWER":
            inquiry = decisions.approve(items=_items(decided.get("items")), **facts)
        else:
            inquiry = decisions.decline(**facts)
        shown = {"record": decided["record"], "outcome": inquiry.outcome, "decided_at": inquiry.ended_at}
        return self.answer(DecisionAnswer, shown)


class ByHand(AgencyAddress):
    """Keep automatic answers back, about one person or from a whole data set, or let them go again. What waits already
    waits on. The answer is the same whether or not anything is held about the person."""

    permission_classes = [AgencyClient]

    @described(
        id="set_by_hand",
        summary="Decide by hand, or let answers be automatic again",
        request=ByHandRequest,
        answers={200: (ByHandAnswer, "It holds from now on.")},
        examples=[request_example("by-hand", BY_HAND), answer_example("set", BY_HAND_SET)],
    )
    def post(self, request: Request) -> Response:
        wanted = self.read(ByHandRequest)
        agency, code = self.caller().agency, wanted.get("code")
        present, *former = convert_to_all(code=code, source=agency, target=agency) if code else [None]
        change = waiting.set_by_hand if wanted["by_hand"] else waiting.set_automatic
        change(agency=agency.local_code, data_set=wanted["data_set"], code=present, former=former)
        return self.answer(ByHandAnswer, {"by_hand": wanted["by_hand"]})


def _shown(question: WaitingQuestion) -> dict[str, object]:
    return {
        "record": question.id,
        "code": question.code,
        "inquirer": question.inquirer,
        "data_set": question.data_set,
        "items": question.items.split(),
        "condition": question.condition,
        "asked_at": question.at,
        "ends_at": question.ends_at,
    }


def _items(given: list[dict[str, str]] | None) -> list[ItemValue] | None:
    if given is None:
        return None
    return [ItemValue(item["code"], item.get("value"), item.get("null_reason")) for item in given]
