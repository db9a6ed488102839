"""The permission table as everyone may have it: its rows, who takes part, and until when it may be relied on.

A provider that answers from its own system checks with it for itself, and an old one must not stay good: it expires.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from agencies.models import Agency
from exchange import statute

FORMAT = "mynaportal-permissions/1"
LIFETIME = timedelta(hours=24)


def table(*, at: datetime) -> dict[str, Any]:
    """The table in force at this moment, all rows that have ended or not begun included."""
    return {
        "format": FORMAT,
        "version": statute.version(),
        "reference": _reference(),
        "issued_at": _instant(at),
        "expires_at": _instant(at + LIFETIME),
        "agencies": [_agency(agency) for agency in Agency.objects.order_by("local_code")],
        "rows": [_row(rule) for rule in statute.rules().values()],
    }


def _agency(agency: Agency) -> dict[str, Any]:
    until = agency.assessment_until
    return {
        "local_code": agency.local_code,
        "kind": agency.kind,
        "is_active": agency.is_active,
        "assessment_until": until.isoformat() if until else None,
    }


def _row(rule: statute.Rule) -> dict[str, Any]:
    line = rule.line()
    return {**line, "items": list(rule.items), "valid_to": line["valid_to"] or None}


def _reference() -> str:
    """Which reference file the changes were made to: the SHA-256 over its rows."""
    digests = "".join(rule.digest() for rule in statute.reference().values())
    return hashlib.sha256(digests.encode()).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
