"""Canonical JSON: sorted keys, no spaces, UTF-8. The same content is the same bytes, for hashes and comparisons."""

from __future__ import annotations

import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def encoded(content: Any) -> bytes:
    """The content as canonical JSON."""
    return _ENCODER.encode(content).encode()


def member(name: str, value: str) -> str:
    """How an object that has this value under this name says it: one exact text, which can be looked for."""
    return f"{_ENCODER.encode(name)}:{_ENCODER.encode(value)}"
