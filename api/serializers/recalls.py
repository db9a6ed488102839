"""What an agency got and what was corrected or withdrawn since, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import Identifier, LimitedList, StrictSerializer, WholeNumber

REASONS = ["CORRECTED", "WRONG_PERSON", "WRONG_CONTENT", "NO_GROUND"]


@extend_schema_serializer(component_name="RecallCollection")
class CollectRecallsRequest(StrictSerializer):
    """How many recalls to fetch at most."""

    limit = WholeNumber(required=False, default=100, min_value=1, max_value=500)


class RecallAnswer(serializers.Serializer[Any]):
    """One recall. It names your own record, and no person."""

    recall = serializers.UUIDField(help_text="Names this recall until you confirm it.")
    record = serializers.UUIDField(help_text="Your reference of the record under which you got the information.")
    data_set = serializers.CharField()
    reason = serializers.ChoiceField(
        choices=REASONS, help_text="CORRECTED: ask again. The others: it was withdrawn, and why."
    )
    at = serializers.DateTimeField(help_text="When the provider corrected or withdrew it.")


@extend_schema_serializer(component_name="Recalls")
class CollectRecallsAnswer(serializers.Serializer[Any]):
    """The recalls that wait. They are handed out again until they are confirmed."""

    recalls = RecallAnswer(many=True)


@extend_schema_serializer(component_name="RecallConfirmation")
class ConfirmRecallsRequest(StrictSerializer):
    """Which recalls have been noted."""

    recalls = LimitedList(child=Identifier(), min_length=1, max_length=500)


@extend_schema_serializer(component_name="RecallsConfirmed")
class ConfirmRecallsAnswer(serializers.Serializer[Any]):
    """How many of them were still waiting. A second confirmation is harmless and counts none."""

    confirmed = serializers.IntegerField()
