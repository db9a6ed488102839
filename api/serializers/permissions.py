"""A signed statement, as the schema describes it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers


@extend_schema_serializer(component_name="SignedPermissions")
class SignedPermissions(serializers.Serializer[Any]):
    """A JWS in its flattened JSON form (RFC 7515 section 7.2.2), all three members in base64url."""

    protected = serializers.CharField(
        help_text="alg (Ed25519, RFC 9864), kid (of a key at /api/keys) and typ (mynx-permissions+jws)."
    )
    payload = serializers.CharField(
        help_text="JSON: format, version, reference, issued_at, expires_at, agencies (local_code, kind, is_active, "
        "assessment_until) and rows (as the permission table has them, with valid_from and valid_to)."
    )
    signature = serializers.CharField(help_text="Over the text protected, a full stop and payload.")
