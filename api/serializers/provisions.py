"""What waits for a provider, and its decision, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api.fields import Choice, Identifier, PersonCode, Reference, StrictSerializer, StrictText, WholeNumber
from api.serializers.inquiries import AFFAIR, ITEM
from codes.rist1 import Code, format_code
from exchange.decisions import MOST_SHOWN
from holdings.copies import NULL_REASONS

LONGEST_VALUE = 2000
ENDS = {
    "0000": "answered with data",
    "0004": "answered: no record held",
    "3003": "the copy is not registered yet",
    "4001": "declined",
}


@extend_schema_field({"type": "string", "pattern": "^a[1-9][0-9]{0,3}-[a-z2-7]{52}$", "readOnly": True})
class OwnCode(serializers.Field[Code, Any, Any, Any]):
    """The provider's own code for the person, told to the provider alone: it has issued from it every such code."""

    def to_representation(self, value: Code) -> str:
        return format_code(value)


@extend_schema_serializer(component_name="WaitingRequest")
class WaitingRequest(StrictSerializer):
    """How many you want to see."""

    limit = WholeNumber(required=False, default=MOST_SHOWN, min_value=1, max_value=MOST_SHOWN)


class ConditionAnswer(serializers.Serializer[Any]):
    """The time that is asked about; all empty: the newest."""

    fiscal_year = serializers.IntegerField(allow_null=True)
    begins_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)


class WaitingAnswer(serializers.Serializer[Any]):
    """One inquiry that you decide."""

    record = serializers.UUIDField(help_text="Your own reference of the record, by which you decide.")
    code = OwnCode(help_text="Your own code for the person.")
    inquirer = serializers.CharField(
        allow_blank=True, help_text="Local code of who asks; empty where the person is protected."
    )
    data_set = serializers.CharField()
    items = serializers.ListField(child=serializers.CharField())
    condition = ConditionAnswer()
    asked_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="Decided later, it is too late.")


@extend_schema_serializer(component_name="Waiting")
class WaitingList(serializers.Serializer[Any]):
    """What waits for you, the most urgent first."""

    waiting = WaitingAnswer(many=True)


class GivenItem(StrictSerializer):
    """One item: a value, or the reason why there is none."""

    code = StrictText(pattern=ITEM)
    value = StrictText(required=False, max_length=LONGEST_VALUE)
    null_reason = Choice(required=False, choices=sorted(NULL_REASONS))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("value" in attrs) == ("null_reason" in attrs):
            raise serializers.ValidationError("Must have a value or a null_reason, and not both.")
        return attrs


@extend_schema_serializer(component_name="Decision")
class DecisionRequest(StrictSerializer):
    """Your decision. To answer without `items` is to answer with what your copies here say."""

    record = Identifier(help_text="Your own reference of the record, from the list of what waits.")
    decision = Choice(choices=["ANSWER", "DECLINE"])
    items = GivenItem(
        many=True,
        required=False,
        max_length=50,
        help_text="Exactly the items that were asked for; an empty list: you hold nothing.",
    )
    reason = Reference(
        max_length=200, help_text="Kept sealed with the record, which the person may open. The inquirer is not told."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["decision"] == "DECLINE" and "items" in attrs:
            raise serializers.ValidationError("Who declines gives no items.")
        if len(attrs.get("items", [])) > 50:
            raise serializers.ValidationError("Has more items than can be asked for.")
        return attrs


@extend_schema_serializer(component_name="Decided")
class DecisionAnswer(serializers.Serializer[Any]):
    """How the inquiry ended."""

    record = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=list(ENDS.items()))
    decided_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="ByHand")
class ByHandRequest(StrictSerializer):
    """Whether you answer by hand: about one person from this data set, or, without a code, from it at all."""

    data_set = StrictText(pattern=AFFAIR, help_text="Code of the specific personal information.")
    code = PersonCode(required=False, help_text="Your own code for the person.")
    by_hand = serializers.BooleanField()

    def validate_by_hand(self, by_hand: bool) -> bool:
        if not isinstance(self.initial_data.get("by_hand"), bool):
            raise serializers.ValidationError("Must be true or false.")
        return by_hand


@extend_schema_serializer(component_name="ByHandSet")
class ByHandAnswer(serializers.Serializer[Any]):
    """How inquiries of this kind are answered from now on."""

    by_hand = serializers.BooleanField()
