"""An inquiry (article 19 of the Number Act) as JSON, and its answer."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import Day, PersonCode, Reference, StrictSerializer, StrictText, WholeNumber
from holdings.periods import Period

OUTCOMES = {
    "0000": "answered with data",
    "0004": "answered: no record held",
    "3003": "the provider's copy is not registered yet",
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


@extend_schema_serializer(component_name="Inquiry")
class InquiryRequest(StrictSerializer):
    """What one agency asks another about one person."""

    code = PersonCode(help_text="Your own code for the person.")
    provider = StrictText(pattern=LOCAL_CODE, help_text="Local code of the agency that holds the information.")
    affair = StrictText(pattern=AFFAIR, help_text="Code of the affair that you ask for.")
    data_set = StrictText(pattern=AFFAIR, help_text="Code of the specific personal information.")
    items = serializers.ListField(
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
