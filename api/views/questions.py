"""POST /api/v1/questions/collect and /api/v1/questions/answer: citizens ask about records, the agency says why."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.models import Agency
from api import problems
from api.permissions import AgencyClient
from api.problems import Problem
from api.samples import ANSWER, ANSWERED, QUESTIONS
from api.schema import answer_example, described, request_example
from api.serializers.questions import AnswerReceipt, AnswerRequest, CollectAnswer, CollectRequest
from api.views.base import AgencyAddress
from crossings import ask
from exchange import questions
from exchange.question_models import Question


class Collect(AgencyAddress):
    """Fetch the questions about your records that wait for an answer. Other agencies' are never among them."""

    permission_classes = [AgencyClient]

    @described(
        id="collect_questions",
        summary="Fetch citizens' questions about your records",
        request=CollectRequest,
        answers={200: (CollectAnswer, "The questions that wait, at most as many as asked for.")},
        examples=[request_example("collect", {"limit": 100}), answer_example("questions", QUESTIONS)],
    )
    def post(self, request: Request) -> Response:
        asked = self.read(CollectRequest)
        waiting = questions.to_agency(agency=self.caller().agency, at=timezone.now(), limit=asked["limit"])
        content = [
            {
                "record": received.record.reference,
                "ground": received.question.ground,
                "text": received.text,
                "case_number": received.case_number,
                "asked_on": received.question.asked_on,
                "answer_by": received.question.answer_by,
                "is_overdue": received.is_overdue,
            }
            for received in waiting
        ]
        return self.answer(CollectAnswer, {"questions": content})


class Answer(AgencyAddress):
    """Answer the open question about one of your records. The same answer again is accepted and changes nothing."""

    permission_classes = [AgencyClient]

    @described(
        id="answer_question",
        summary="Answer a citizen's question about one of your records",
        request=AnswerRequest,
        answers={200: (AnswerReceipt, "The answer is with the person, and a letter says that it is there.")},
        examples=[request_example("answer", ANSWER), answer_example("answered", ANSWERED)],
        also=("no-such-question", "question-answered"),
    )
    def post(self, request: Request) -> Response:
        sent = self.read(AnswerRequest)
        agency: Agency = self.caller().agency
        try:
            question = questions.by_reference(agency=agency, reference=sent["record"])
            _answer(agency, question, sent["text"])
        except questions.NoSuchQuestion:
            raise Problem("no-such-question") from None
        except questions.TextRefused as refused:
            raise _refused(refused) from None
        question.refresh_from_db()
        return self.answer(AnswerReceipt, {"record": sent["record"], "answered_at": question.answered_at})


def _answer(agency: Agency, question: Question, text: str) -> None:
    try:
        ask.answer(agency=agency, question=question, text=text, at=timezone.now())
    except questions.NotInThisState:
        question.refresh_from_db()
        if not questions.is_answer(question, text):
            raise Problem("question-answered") from None


def _refused(refused: questions.TextRefused) -> Problem:
    has_number = isinstance(refused, questions.NumberInText)
    sentence = "Must not have an Individual Number in it." if has_number else "Must say something."
    return problems.of_field("text", sentence)
