"""A problem (RFC 9457) and an OAuth error (RFC 6749 section 5.2), as the schema describes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers


class FieldErrorDescription(serializers.Serializer[Any]):
    """One refused field. Its value is never repeated."""

    field = serializers.CharField(
        allow_blank=True, help_text="Path in the body, as documents.0.content; empty for the body itself."
    )
    detail = serializers.CharField()


@extend_schema_serializer(component_name="Problem")
class ProblemDescription(serializers.Serializer[Any]):
    """What went wrong. `type` is the address of a page that explains it."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(required=False, help_text="The exchange's outcome code, as 2001.")
    record = serializers.UUIDField(required=False, help_text="Your reference of the record that the request left.")
    errors = FieldErrorDescription(many=True, required=False)


@extend_schema_serializer(component_name="OAuthError")
class OAuthErrorDescription(serializers.Serializer[Any]):
    """Why no token was given."""

    error = serializers.ChoiceField(
        choices=["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]
    )
    error_description = serializers.CharField()
