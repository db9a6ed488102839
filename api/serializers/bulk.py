"""A bulk inquiry as JSON: the hand-in, how far it is, and its results."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import Identifier, LimitedList, PersonCode, Reference, StrictSerializer, WholeNumber
from api.serializers.deliveries import REFERENCE
from api.serializers.inquiries import ItemAnswer, WhatIsAsked
from exchange.bulk import MOST_LINES
from exchange.bulk_models import Bulk

OUTCOMES = [
    ("0000", "answered with data"),
    ("0004", "answered: no record held"),
    ("0101", "accepted, and not asked yet; with a record: the provider answers later, fetch it by the record"),
    ("0109", "the provider decides by hand: fetch it by the record"),
    ("2001", "refused: no row of the permission table"),
    ("2002", "refused: an impact assessment is missing"),
    ("2003", "refused: an item outside the permission"),
    ("3003", "the provider's copy is not registered yet"),
    ("4002", "cancelled before it was asked"),
    ("3004", "the provider does not support the layout"),
    ("4001", "the provider declined"),
    ("5001", "the provider was not reached"),
    ("5002", "the provider did not answer in time"),
    ("9000", "failed: ask again"),
]


@extend_schema_serializer(component_name="BulkLine")
class BulkLineRequest(WhatIsAsked):
    """One inquiry of many."""

    code = PersonCode(help_text="Your own code for the person.")
    line = Reference(max_length=40, help_text="Your own id of the line, once in the bulk. It must not name the person.")


@extend_schema_serializer(component_name="Bulk")
class BulkRequest(StrictSerializer):
    """Many inquiries, taken whole or not at all."""

    reference = Reference(
        max_length=64, pattern=REFERENCE, help_text="Your own reference. The same again is the same bulk."
    )
    lines = LimitedList(child=BulkLineRequest(), min_length=1, max_length=MOST_LINES)


@extend_schema_serializer(component_name="BulkReceipt")
class BulkReceipt(serializers.Serializer[Any]):
    """That all lines were taken."""

    bulk = serializers.UUIDField(help_text="Names the bulk from now on.")
    lines = serializers.IntegerField()


@extend_schema_serializer(component_name="BulkName")
class BulkName(StrictSerializer):
    """Which bulk."""

    bulk = Identifier()


class OutcomeCount(serializers.Serializer[Any]):
    """How many lines have this outcome."""

    outcome = serializers.ChoiceField(choices=OUTCOMES)
    lines = serializers.IntegerField()


@extend_schema_serializer(component_name="BulkStatus")
class BulkStatus(serializers.Serializer[Any]):
    """How far a bulk is."""

    bulk = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Bulk.State.values)
    lines = serializers.IntegerField()
    settled = serializers.IntegerField(help_text="How many lines have their outcome.")
    outcomes = OutcomeCount(many=True)
    accepted_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="Since when every line has its outcome.")
    erased_at = serializers.DateTimeField(allow_null=True, help_text="Since when the answers are gone.")


@extend_schema_serializer(component_name="BulkPage")
class BulkPageRequest(StrictSerializer):
    """Which lines of which bulk."""

    bulk = Identifier()
    after = WholeNumber(required=False, default=0, min_value=0, max_value=MOST_LINES, help_text="How many to skip.")
    limit = WholeNumber(required=False, default=500, min_value=1, max_value=1000)


class BulkLineAnswer(serializers.Serializer[Any]):
    """What became of one line."""

    line = serializers.CharField(help_text="Your own id of the line.")
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    record = serializers.UUIDField(allow_null=True, help_text="Your reference of the record, if one was left.")
    row = serializers.CharField(allow_blank=True, help_text="The row of the permission table that it stood on.")
    items = ItemAnswer(many=True)


@extend_schema_serializer(component_name="BulkResults")
class BulkResults(serializers.Serializer[Any]):
    """The lines in the order in which you handed them in."""

    bulk = serializers.UUIDField()
    results = BulkLineAnswer(many=True)
