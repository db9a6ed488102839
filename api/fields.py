"""Strict fields: the stated type and nothing near it, bounded in size, with errors that never repeat the value.

DRF's own fields turn 5 into "5" and "5" into 5, and some of them quote the value in the error.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from codes.proofs import PROOF_BYTES
from codes.rist1 import Code, MalformedCode, checked_point, parse_code
from notifications.documents import LARGEST_DOCUMENT
from numbering.check_digits import normalise

# Characters that turn the direction of the text around them: a sender's letter must read as it was written.
_DIRECTION = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TWELVE_DIGITS = re.compile(r"[0-9]{12}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class StrictSerializer(serializers.Serializer[Any]):
    """An object with exactly the fields that it declares."""

    default_error_messages = {"invalid": "Must be an object.", "unknown": "Has a field that is not known here."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and not set(data) <= set(self.fields):
            # The unknown name is not repeated: it may be anything.
            known = ", ".join(self.fields)
            raise serializers.ValidationError({"non_field_errors": [f"Has an unknown field. The fields are: {known}."]})
        return super().to_internal_value(data)


class StrictText(serializers.CharField):
    """A string, NFC, without control characters (line feeds only where `multiline`)."""

    default_error_messages = {
        "invalid": "Must be a string.",
        "control": "Must not have control characters.",
    }

    def __init__(self, *, multiline: bool = False, pattern: str = "", **kwargs: Any) -> None:
        self.multiline = multiline
        kwargs.setdefault("trim_whitespace", False)
        if pattern:
            kwargs["validators"] = [RegexValidator(rf"^{pattern}\Z", "Does not have the required form.")]
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = unicodedata.normalize("NFC", data.replace("\r\n", "\n") if self.multiline else data)
        allowed = {"\n", "\t"} if self.multiline else set()
        if any((unicodedata.category(c) == "Cc" and c not in allowed) or c in _DIRECTION for c in text):
            self.fail("control")
        if not text.strip():
            self.fail("blank")
        return text


class Reference(StrictText):
    """The caller's own reference. Twelve digits alone are refused: that is the form of an Individual Number, and no
    Individual Number may ever come in here."""

    default_error_messages = {"number": "Must not be twelve digits alone: that is the form of an Individual Number."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if _TWELVE_DIGITS.fullmatch(normalise(text)):
            self.fail("number")
        return text


class LimitedList(serializers.ListField):
    """A list whose length is looked at before its members are: two million wrong ones would take minutes."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError([f"Ensure this field has no more than {self.max_length} elements."])
        found: list[Any] = super().to_internal_value(data)
        return found


@extend_schema_field({"type": "string", "pattern": "^a[1-9][0-9]{0,3}-[a-z2-7]{52}$", "writeOnly": True})
class PersonCode(serializers.Field[Code, Any, Any, Any]):
    """The agency's own code for a person."""

    default_error_messages = {"invalid": "Not a code: the form is a<epoch>-<52 letters of base32>, and a valid point."}

    def to_internal_value(self, data: Any) -> Code:
        try:
            return parse_code(data)
        except MalformedCode:
            self.fail("invalid")

    def to_representation(self, value: Code) -> Any:
        raise NotImplementedError("A code never leaves by the API.")


class Base64Url(serializers.Field[bytes, Any, Any, Any]):
    """So many bytes in base64url without padding (RFC 4648 section 5), in their one spelling."""

    default_error_messages = {"invalid": "Must be {length} bytes in base64url without padding."}

    def __init__(self, *, length: int, **kwargs: Any) -> None:
        self.length = length
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> bytes:
        try:
            value = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)) if isinstance(data, str) else b""
        except (binascii.Error, ValueError):
            value = b""
        if len(value) != self.length or self.to_representation(value) != data:
            self.fail("invalid", length=self.length)
        return value

    def to_representation(self, value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"})
class Point(Base64Url):
    """A point of ristretto255 other than the identity: 32 bytes in their canonical encoding (RFC 9496)."""

    default_error_messages = {"point": "Not a point of the group."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(length=32, **kwargs)

    def to_internal_value(self, data: Any) -> bytes:
        try:
            return checked_point(super().to_internal_value(data))
        except MalformedCode:
            self.fail("point")


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z0-9_-]{86}$"})
class Proof(Base64Url):
    """A proof (codes.proofs): challenge and response, 64 bytes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(length=PROOF_BYTES, **kwargs)


@extend_schema_field(OpenApiTypes.DATE)
class Day(serializers.Field[date, Any, Any, Any]):
    """A day, YYYY-MM-DD, in a year that a public record can speak of."""

    default_error_messages = {"invalid": "Must be a day as YYYY-MM-DD.", "range": "The year is out of range."}

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or _DAY.fullmatch(data) is None:
            self.fail("invalid")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not 1868 <= day.year <= 2199:
            self.fail("range")
        return day

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class Choice(serializers.ChoiceField):
    """One of the named words."""

    default_error_messages = {"invalid_choice": "Must be one of the values that the schema lists."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice")
        return data


class WholeNumber(serializers.IntegerField):
    """A JSON number without a fraction: no string, no boolean, no 1.0."""

    default_error_messages = {"invalid": "Must be a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Identifier(serializers.UUIDField):
    """A UUID in its printed form, lower case."""

    default_error_messages = {"invalid": "Must be a UUID."}

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or _UUID.fullmatch(data) is None:
            self.fail("invalid")
        return uuid.UUID(data)


@extend_schema_field({"type": "string", "contentEncoding": "base64", "contentMediaType": "application/pdf"})
class PdfContent(serializers.Field[bytes, Any, Any, Any]):
    """A PDF of at most 4 MB in base64 (RFC 4648 section 4)."""

    default_error_messages = {
        "invalid": "Must be base64.",
        "large": "Must be at most 4 MB.",
        "kind": "Must be a PDF: the content begins with %PDF-.",
    }

    def to_internal_value(self, data: Any) -> bytes:
        if not isinstance(data, str):
            self.fail("invalid")
        if len(data) > (LARGEST_DOCUMENT + 2) // 3 * 4:
            self.fail("large")
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            self.fail("invalid")
        if len(content) > LARGEST_DOCUMENT:
            self.fail("large")
        if not content.startswith(b"%PDF-"):
            self.fail("kind")
        return content

    def to_representation(self, value: bytes) -> Any:
        raise NotImplementedError("A document never leaves by the API.")
