"""An inquiry (article 19 of the Number Act) as JSON, and its answer."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import (
    Choice,
    Day,
    Identifier,
    LimitedList,
    PersonCode,
    Reference,
    StrictSerializer,
    StrictText,
    WholeNumber,
)
from holdings.periods import Period

OUTCOMES = {
    "0000": "answered with data",
    "0004": "answered: no record held",
    "3003": "the provider's copy is not registered yet",
    "3004": "the provider does not support the layout",
    "4001": "the provider declined",
    "4002": "cancelled by the inquirer",
    "5001": "not obtained: the provider was not reached",
    "5002": "not obtained: nobody answered in time",
}
PENDING_OUTCOMES = {
    "0101": "accepted: the provider's system has not answered yet",
    "0109": "held: somebody at the provider decides",
}
NOT_DISCLOSED_REASONS = {
    "LIFE_OR_SAFETY": "it would endanger somebody's life, body or property",
    "RIGHTS_OF_OTHERS": "it would harm the rights of somebody else",
    "CRIME_PREVENTION": "it would hinder the prevention or investigation of crime",
    "PROPER_CONDUCT": "it would hinder the proper conduct of the affair",
}
LOCAL_CODE = r"[0-9]{6}"
AFFAIR = r"[A-Z]{2}[0-9]{14}"
ITEM = r"[0-9]{10}"


class ConditionRequest(StrictSerializer):
    """The time that is asked about: a fiscal year, one day, or a period. Left out: the newest."""

    fiscal_year = WholeNumber(required=False, min_value=2000, max_value=2199)
    as_of = Day(required=False)
    begins_on = Day(required=False)
    ends_on = Day(required=False)

    def validate(self, attrs: dict[str, Any]) -> Period:  # type: ignore[override]
        given = set(attrs)
        if given == {"fiscal_year"}:
            return Period(fiscal_year=attrs["fiscal_year"])
        if given == {"as_of"}:
            return Period.on(attrs["as_of"])
        if given and given <= {"begins_on", "ends_on"}:
            if len(given) == 2 and attrs["ends_on"] < attrs["begins_on"]:
                raise serializers.ValidationError("The period ends before it begins.")
            return Period(begins_on=attrs.get("begins_on"), ends_on=attrs.get("ends_on"))
        raise serializers.ValidationError("Must have a fiscal_year, or as_of, or begins_on and ends_on.")


class NotDisclosedRequest(StrictSerializer):
    """The person is not told of the inquiry for now (article 23(2)); that it is so is part of the record."""

    reason = Choice(choices=list(NOT_DISCLOSED_REASONS.items()))
    until = Day(required=False, help_text="The first day on which the person sees it. Left out: no day is set.")


class WhatIsAsked(StrictSerializer):
    """What every inquiry says, however it names the person."""

    provider = StrictText(pattern=LOCAL_CODE, help_text="Local code of the agency that holds the information.")
    affair = StrictText(pattern=AFFAIR, help_text="Code of the affair that you ask for.")
    data_set = StrictText(pattern=AFFAIR, help_text="Code of the specific personal information.")
    items = LimitedList(
        child=StrictText(pattern=ITEM),
        min_length=1,
        max_length=50,
        help_text="Item codes. The answer has exactly these.",
    )
    condition = ConditionRequest(required=False)
    case_number = Reference(
        max_length=40, help_text="Your own case number, kept in the record. It must not identify the person."
    )

    def validate_items(self, items: list[str]) -> list[str]:
        if len(set(items)) != len(items):
            raise serializers.ValidationError("Must name each item once.")
        return items


@extend_schema_serializer(component_name="Inquiry")
class InquiryRequest(WhatIsAsked):
    """What one agency asks another about one person."""

    code = PersonCode(help_text="Your own code for the person.")
    reference = Reference(
        required=False,
        max_length=100,
        help_text="Your own name for this inquiry. The same again under it is the same inquiry, and is asked once.",
    )
    not_disclosed = NotDisclosedRequest(required=False)
    on_behalf_of = StrictText(
        required=False,
        pattern=LOCAL_CODE,
        help_text="Local code of the agency whose affair it is, where it has delegated it to you.",
    )


class ItemAnswer(serializers.Serializer[Any]):
    """One item: a value, or the reason why there is none."""

    code = serializers.CharField()
    name = serializers.CharField(help_text="Name in Japanese, as in the data standard.")
    value = serializers.CharField(allow_null=True)
    null_reason = serializers.CharField(
        allow_null=True, help_text="NOT_APPLICABLE, NOT_HELD, WITHHELD or NOT_YET_FIXED."
    )


class LegalBasis(serializers.Serializer[Any]):
    """The row of the permission table that allowed it."""

    row = serializers.CharField()
    article = serializers.CharField()


@extend_schema_serializer(component_name="InquiryAnswer")
class InquiryAnswer(serializers.Serializer[Any]):
    """The answer. A code of nobody and a person of whom nothing is held look the same: outcome 0004, no items."""

    outcome = serializers.ChoiceField(choices=list(OUTCOMES.items()))
    record = serializers.UUIDField(help_text="Your reference of the access record (article 23).")
    legal_basis = LegalBasis()
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField()
    items = ItemAnswer(many=True)


@extend_schema_serializer(component_name="PendingInquiry")
class PendingInquiry(serializers.Serializer[Any]):
    """Accepted and on record, but not answered yet. Ask for the result by the record, now and then until `ends_at`."""

    outcome = serializers.ChoiceField(choices=list(PENDING_OUTCOMES.items()))
    record = serializers.UUIDField(help_text="Your reference of the access record, by which you fetch the answer.")
    legal_basis = LegalBasis()
    asked_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="Then it ends by itself, with outcome 5002.")
    result = serializers.CharField(help_text="The address at which the answer is fetched.")


@extend_schema_serializer(component_name="OwnRecord")
class RecordRequest(StrictSerializer):
    """One inquiry of yours, by its record."""

    record = Identifier(help_text="Your reference of the access record, from the answer.")


@extend_schema_serializer(component_name="Callback")
class CallbackRequest(StrictSerializer):
    """Where you want to be told that an inquiry has ended. Without `url`: nowhere any more."""

    url = StrictText(required=False, max_length=500, help_text="https only. Redirects are not followed.")


@extend_schema_serializer(component_name="CallbackRegistered")
class CallbackAnswer(serializers.Serializer[Any]):
    """Whether you are told of ends from now on."""

    is_registered = serializers.BooleanField()
