"""The list of layouts as the schema describes it. A layout itself is a JSON Schema, and says what it is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers


class LayoutLine(serializers.Serializer[Any]):
    """One version of one layout."""

    data_set = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField(help_text="Name of the data set, in Japanese.")
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True)
    address = serializers.CharField(help_text="Where the layout is, on this service.")


@extend_schema_serializer(component_name="Layouts")
class LayoutList(serializers.Serializer[Any]):
    """All layouts, also those that are no longer in force: copies may still be held under them."""

    layouts = LayoutLine(many=True)
