"""A JWK Set (RFC 7517) of Ed25519 keys (RFC 8037), as the schema describes it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers


@extend_schema_serializer(component_name="PublicKey")
class PublicKey(serializers.Serializer[Any]):
    """One public key."""

    kty = serializers.ChoiceField(choices=["OKP"])
    crv = serializers.ChoiceField(choices=["Ed25519"])
    x = serializers.CharField(help_text="The 32 bytes in base64url.")
    kid = serializers.CharField(help_text="The key's thumbprint (RFC 7638): the keyid of the signatures it makes.")
    alg = serializers.CharField(help_text="Ed25519 (RFC 9864).")
    use = serializers.ChoiceField(choices=["sig"])


@extend_schema_serializer(component_name="KeySet")
class KeySet(serializers.Serializer[Any]):
    """The keys, the current one first."""

    keys = PublicKey(many=True)
