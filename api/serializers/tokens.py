"""A token request and its answer (RFC 6749 sections 4.4 and 5.1), as the schema describes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers


@extend_schema_serializer(component_name="TokenRequest")
class TokenRequest(serializers.Serializer[Any]):
    """Client credentials, proved by a statement that the client signs (RFC 7523 section 2.2)."""

    grant_type = serializers.ChoiceField(choices=["client_credentials"])
    client_assertion_type = serializers.ChoiceField(choices=["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"])
    client_assertion = serializers.CharField(
        help_text="A JWT signed with Ed25519 (RFC 9864; its former name EdDSA is taken too) or ES256 by the client's "
        "registered key: iss and sub are the client id, aud is this address, exp is at most 60 seconds away, jti is "
        "used once."
    )
    client_id = serializers.UUIDField(required=False, help_text="May be left out; if sent, the same as sub.")


@extend_schema_serializer(component_name="Token")
class TokenAnswer(serializers.Serializer[Any]):
    """A bearer token (RFC 6750)."""

    access_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer"])
    expires_in = serializers.IntegerField(help_text="Seconds.")
