"""Registering, withdrawing and stopping copies (副本) as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api.fields import Choice, Day, LimitedList, PersonCode, Reference, StrictSerializer, StrictText, WholeNumber
from api.serializers.deliveries import REFERENCE
from api.serializers.inquiries import AFFAIR, ITEM
from holdings.layout import NULL_REASONS
from holdings.models import Run, Stop, Withdrawal
from holdings.periods import Period
from holdings.registration import MOST_COPIES

KINDS = [str(kind) for kind in Run.Kind if kind != Run.Kind.DELETION]
MOST_ITEMS = 100


@extend_schema_field(
    {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MOST_ITEMS,
        "propertyNames": {"pattern": f"^{ITEM}$"},
        "additionalProperties": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"value": {"type": "string"}},
                    "required": ["value"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"null_reason": {"enum": list(NULL_REASONS)}},
                    "required": ["null_reason"],
                    "additionalProperties": False,
                },
            ]
        },
    }
)
class CopyItems(serializers.Field[dict[str, Any], Any, Any, Any]):
    """Item codes, each with a value or a reason for having none. What an item may say is its layout's business."""

    default_error_messages = {
        "invalid": "Must be an object of items.",
        "many": f"Must have at least one item and at most {MOST_ITEMS}.",
        "name": "Has an item whose code is not ten digits.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            self.fail("invalid")
        if not 1 <= len(data) <= MOST_ITEMS:
            self.fail("many")
        if not all(re.fullmatch(ITEM, name) for name in data):
            self.fail("name")
        return dict(data)

    def to_representation(self, value: dict[str, Any]) -> Any:
        raise NotImplementedError("What a copy says leaves in answers to inquiries only.")


@extend_schema_serializer(component_name="CopyPeriod")
class PeriodRequest(StrictSerializer):
    """The time that a copy is for: a fiscal year, or a period whose end may be open. Left out: no time."""

    fiscal_year = WholeNumber(required=False, min_value=2000, max_value=2199)
    begins_on = Day(required=False)
    ends_on = Day(required=False)

    def validate(self, attrs: dict[str, Any]) -> Period:  # type: ignore[override]
        given = set(attrs)
        if given == {"fiscal_year"}:
            return Period(fiscal_year=attrs["fiscal_year"])
        if "begins_on" not in given or "fiscal_year" in given:
            raise serializers.ValidationError("Must have a fiscal_year, or begins_on and perhaps ends_on.")
        if "ends_on" in given and attrs["ends_on"] < attrs["begins_on"]:
            raise serializers.ValidationError("The period ends before it begins.")
        return Period(begins_on=attrs["begins_on"], ends_on=attrs.get("ends_on"))


@extend_schema_serializer(component_name="Publication")
class PublicationRequest(StrictSerializer):
    """From when to when the copy is provided. Left out: from today, or as before, and without an end."""

    begins_on = Day(required=False)
    ends_on = Day(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) == 2 and attrs["ends_on"] < attrs["begins_on"]:
            raise serializers.ValidationError("The publication ends before it begins.")
        return attrs


@extend_schema_serializer(component_name="Copy")
class CopyRequest(StrictSerializer):
    """One copy."""

    code = PersonCode(help_text="Your own code for the person.")
    data_set = StrictText(pattern=AFFAIR, help_text="Code of the specific personal information.")
    layout_version = WholeNumber(min_value=1, max_value=9999, help_text="Of the layout that the items follow.")
    period = PeriodRequest(required=False)
    publication = PublicationRequest(required=False)
    items = CopyItems(help_text="Every item of the layout, with a value or a reason for having none.")
    reference = Reference(
        max_length=64,
        pattern=REFERENCE,
        help_text="Your own reference of this registration. The same again changes nothing.",
    )


@extend_schema_serializer(component_name="CopyRun")
class RegisterRequest(StrictSerializer):
    """One run: all its copies are registered, or none."""

    kind = Choice(
        choices=KINDS,
        help_text="CORRECTION: what was registered before was wrong; who got it is told. CHANGE: it was right, and has "
        "changed since. INITIAL, RE_REGISTRATION (under a new layout): neither.",
    )
    copies = LimitedList(child=CopyRequest(), min_length=1, max_length=MOST_COPIES)


@extend_schema_serializer(component_name="CopyRunReceipt")
class RegisterReceipt(serializers.Serializer[Any]):
    """What the run did."""

    run = serializers.IntegerField(help_text="Number of the run at your agency; of the last one where nothing is new.")
    registered = serializers.IntegerField(help_text="Copies that were written or replaced.")
    unchanged = serializers.IntegerField(help_text="Copies that stood there like this, or were handed in before.")


@extend_schema_serializer(component_name="Withdrawal")
class WithdrawRequest(StrictSerializer):
    """Which copy is withdrawn, and why."""

    code = PersonCode(help_text="Your own code for the person.")
    data_set = StrictText(pattern=AFFAIR)
    period = PeriodRequest(required=False)
    reason = Choice(
        choices=[str(reason) for reason in Withdrawal],
        help_text="WRONG_CONTENT: the right copy follows, and meanwhile the outcome is 3003. WRONG_PERSON, NO_GROUND: "
        "it is as if there had been none.",
    )


@extend_schema_serializer(component_name="WithdrawalReceipt")
class WithdrawReceipt(serializers.Serializer[Any]):
    """Whether there was a copy to withdraw. Again is harmless."""

    withdrawn = serializers.BooleanField()


@extend_schema_serializer(component_name="Resumption")
class ResumeRequest(StrictSerializer):
    """Which stop is lifted: one person's, or without a code the one for everybody."""

    data_set = StrictText(pattern=AFFAIR)
    code = PersonCode(required=False, help_text="Your own code for the person. Left out: everybody.")


@extend_schema_serializer(component_name="Stop")
class StopRequest(ResumeRequest):
    """From which copies nothing is answered until they are checked: one person's, or without a code everybody's."""

    reason = Choice(choices=[str(reason) for reason in Stop.Reason])


@extend_schema_serializer(component_name="StopReceipt")
class StopReceipt(serializers.Serializer[Any]):
    """Whether this request set the stop; if not, it was set already."""

    stopped = serializers.BooleanField()


@extend_schema_serializer(component_name="ResumptionReceipt")
class ResumeReceipt(serializers.Serializer[Any]):
    """Whether there was a stop to lift."""

    resumed = serializers.BooleanField()
