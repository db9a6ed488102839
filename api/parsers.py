"""Reading a request's body: at most so many bytes, one well-formed value, and nothing guessed.

DRF's own parsers read a body of any size and take the last of two equal names; both would let a caller do what nobody
meant. Errors never repeat what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import parse_qsl

from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from api.problems import Problem
from exchange import messages

FORM_BYTES = 16 * 1024


class StrictJSONParser(BaseParser):
    """One JSON object, read as `messages.read_json` does."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = read_limited(stream, parser_context, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            return messages.read_json(body)
        except messages.NotAccepted as reason:
            raise Problem("malformed-json", str(reason)) from None


class FormParser(BaseParser):
    """application/x-www-form-urlencoded, each parameter at most once (RFC 6749 section 3.2)."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        body = read_limited(stream, parser_context, FORM_BYTES)
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
        except ValueError:
            raise Problem("invalid-request", "The body is not a form.") from None
        form = dict(pairs)
        if len(form) != len(pairs):
            raise Problem("invalid-request", "A parameter was sent more than once.")
        return form


def read_limited(stream: IO[bytes], parser_context: Mapping[str, Any] | None, limit: int) -> bytes:
    """The whole body, or a problem when it is longer than `limit`; a declared length is believed only to refuse."""
    request: Request | None = (parser_context or {}).get("request")
    declared = str(request.META.get("CONTENT_LENGTH") or "0") if request is not None else "0"
    if declared.isdecimal() and int(declared) > limit:
        raise Problem("too-large")
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise Problem("too-large")
    return body
