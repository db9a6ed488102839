"""What citizens ask about an agency's records, and its answers, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import Identifier, StrictSerializer, StrictText, WholeNumber
from exchange.question_models import Question
from exchange.questions import LONGEST_ANSWER


@extend_schema_serializer(component_name="QuestionCollection")
class CollectRequest(StrictSerializer):
    """How many questions to fetch at most."""

    limit = WholeNumber(required=False, default=100, min_value=1, max_value=500)


@extend_schema_serializer(component_name="Question")
class AskedQuestion(serializers.Serializer[Any]):
    """One question. Nothing in it says who asks: your own case number does, where you gave one."""

    record = serializers.UUIDField(help_text="Your reference of the record that it is about.")
    ground = serializers.ChoiceField(
        choices=Question.Ground.values,
        help_text="UNCLEAR: she does not know why. NOT_ME: it was not she who applied. WRONG: the data are wrong.",
    )
    text = serializers.CharField(allow_blank=True, help_text="Her own words, where she wrote any that are for you.")
    case_number = serializers.CharField(allow_blank=True, help_text="The case number that you gave with the request.")
    asked_on = serializers.DateField()
    answer_by = serializers.DateField(help_text="The last day for your answer.")
    is_overdue = serializers.BooleanField(help_text="The commission sees the question.")


@extend_schema_serializer(component_name="Questions")
class CollectAnswer(serializers.Serializer[Any]):
    """The questions that wait, the first deadline first. They are handed out until they are answered."""

    questions = AskedQuestion(many=True)


@extend_schema_serializer(component_name="QuestionAnswer")
class AnswerRequest(StrictSerializer):
    """Your answer. The person reads it as it is written; no Individual Number may be in it."""

    record = Identifier()
    text = StrictText(multiline=True, max_length=LONGEST_ANSWER)


@extend_schema_serializer(component_name="QuestionAnswered")
class AnswerReceipt(serializers.Serializer[Any]):
    """Since when the answer is with the person."""

    record = serializers.UUIDField()
    answered_at = serializers.DateTimeField()
