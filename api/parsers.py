"""Reading a request's body: at most so many bytes, one well-formed value, and nothing guessed.

DRF's own parsers read a body of any size and take the last of two equal names; both would let a caller do what nobody
meant. Errors never repeat what was read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import parse_qsl

from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from api.problems import Problem

FORM_BYTES = 16 * 1024


class StrictJSONParser(BaseParser):
    """RFC 8259 JSON with the stricter reading of RFC 8725 and RFC 7493: one object, UTF-8, each name once, no NaN."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = read_limited(stream, parser_context, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            raise Problem("malformed-json", "The body is not UTF-8.") from None
        except _Refused as refused:
            raise Problem("malformed-json", str(refused)) from None
        except json.JSONDecodeError as error:
            raise Problem("malformed-json", f"Not JSON at line {error.lineno}, column {error.colno}.") from None
        except (ValueError, RecursionError):
            raise Problem("malformed-json", "A number is too long or the nesting too deep.") from None
        if not isinstance(value, dict):
            raise Problem("malformed-json", "The body must be one JSON object.")
        return value


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


class _Refused(ValueError):
    """A value that RFC 8259 leaves open and that is not taken here."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise _Refused("A name occurs twice in one object.")
    return names


def _refuse_constant(name: str) -> Any:
    raise _Refused("NaN and Infinity are not JSON.")
