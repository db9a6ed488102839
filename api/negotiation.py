"""Which representation goes out: JSON, to everyone who can read JSON or problem details."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_READABLE = {"*/*", "application/*", "application/json", "application/problem+json"}


class JSONOnly(BaseContentNegotiation):
    """Takes JSON, problem+json and wildcards with any weight but zero (RFC 9110 section 12.5.1); a missing header is
    a wildcard."""

    def select_parser(self, request: Request, parsers: list[Any]) -> Any:
        wanted = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accepted = request.headers.get("Accept") or "*/*"
        if not any(_takes(entry) for entry in accepted.split(",")):
            raise NotAcceptable
        return renderers[0], renderers[0].media_type or ""


def _takes(entry: str) -> bool:
    name, *parameters = (part.strip().lower() for part in entry.split(";"))
    return name in _READABLE and not any(p in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for p in parameters)
