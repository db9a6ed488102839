"""Newly issued codes on their way to an agency (article 21-2), as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import Identifier, StrictSerializer, WholeNumber


@extend_schema_serializer(component_name="Collection")
class CollectRequest(StrictSerializer):
    """How many codes to fetch at most."""

    limit = WholeNumber(required=False, default=100, min_value=1, max_value=500)


class IssuedCode(serializers.Serializer[Any]):
    """One code, encrypted to your key: `code = body - private key * ephemeral` in ristretto255 (RFC 9496)."""

    acquisition = serializers.UUIDField(help_text="Names this issue until you confirm it, and nothing afterwards.")
    local_id = serializers.CharField(help_text="Your own id of the person.")
    epoch = serializers.IntegerField(help_text="Epoch of the code: it is printed as a<epoch>-<base32>.")
    ephemeral = serializers.CharField(help_text="First half of the ciphertext, 32 bytes in base64url.")
    body = serializers.CharField(help_text="Second half of the ciphertext, 32 bytes in base64url.")


@extend_schema_serializer(component_name="CollectedCodes")
class CollectAnswer(serializers.Serializer[Any]):
    """The codes that wait. They are handed out again until they are confirmed."""

    codes = IssuedCode(many=True)


@extend_schema_serializer(component_name="Confirmation")
class ConfirmRequest(StrictSerializer):
    """Which codes have arrived and are stored."""

    acquisitions = serializers.ListField(child=Identifier(), min_length=1, max_length=500)


@extend_schema_serializer(component_name="Confirmed")
class ConfirmAnswer(serializers.Serializer[Any]):
    """How many of them were still waiting. A second confirmation is harmless and counts none."""

    confirmed = serializers.IntegerField()
