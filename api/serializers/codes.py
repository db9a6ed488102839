"""Codes on their way to an agency (article 21-2), the present ones for former ones, and the keys of codes, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import Identifier, LimitedList, PersonCode, Point, Proof, StrictSerializer, StrictText, WholeNumber
from api.serializers.inquiries import LOCAL_CODE


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

    acquisitions = LimitedList(child=Identifier(), min_length=1, max_length=500)


@extend_schema_serializer(component_name="Confirmed")
class ConfirmAnswer(serializers.Serializer[Any]):
    """How many of them were still waiting. A second confirmation is harmless and counts none."""

    confirmed = serializers.IntegerField()


@extend_schema_serializer(component_name="Renewal")
class RenewRequest(StrictSerializer):
    """Your own codes of a former epoch that still stands. One of the present epoch is given back as it is."""

    codes = LimitedList(child=PersonCode(), min_length=1, max_length=1000)


@extend_schema_serializer(component_name="Renewed")
class RenewAnswer(serializers.Serializer[Any]):
    """The same persons' present codes, in the order of those that you sent."""

    epoch = serializers.IntegerField(help_text="The present epoch.")
    codes = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(component_name="CodeKeysWanted")
class CodeKeysRequest(StrictSerializer):
    """Whom you want to ask blind."""

    provider = StrictText(pattern=LOCAL_CODE, help_text="Local code of the agency that holds the information.")


@extend_schema_serializer(component_name="CodeKey")
class CodeKey(serializers.Serializer[Any]):
    """The public key that an agency's codes are encrypted to."""

    agency = serializers.CharField(help_text="Its local code.")
    public_key = serializers.CharField(help_text="A point of ristretto255, 32 bytes in base64url.")
    thumbprint = serializers.CharField(help_text="SHA-256 of the 32 bytes, in base64url.")


@extend_schema_serializer(component_name="CodeKeys")
class CodeKeysAnswer(serializers.Serializer[Any]):
    """The keys that a blind inquiry is encrypted to, and the local code that its proof is bound to."""

    inquirer = serializers.CharField(help_text="Your own local code.")
    provider = CodeKey()
    portal = CodeKey()


@extend_schema_serializer(component_name="CodeKeyRegistration")
class RegisterKeyRequest(StrictSerializer):
    """Your own key for codes."""

    public_key = Point(help_text="Y = y * B.")
    proof = Proof(help_text="That you have y, bound to your local code (Schnorr, codes.proofs).")
