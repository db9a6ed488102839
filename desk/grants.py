"""The permission to see one person for ten minutes, given by a look that is already on record.

The session lies in the portal's database, where no value of the register may stand: the grant is kept under a keyed
hash of clerk and resident, never under the resident's id.
"""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest

from keys.sealing import keyed_hash

LASTS = timedelta(minutes=10)

_SESSION_KEY = "desk-grants"


def give(request: HttpRequest, resident_id: UUID) -> None:
    """Open the person's pages to this session for ten minutes. Call it only after the look is recorded."""
    grants = _unexpired(request)
    grants[_name(request, resident_id)] = int(time.time() + LASTS.total_seconds())
    request.session[_SESSION_KEY] = grants


def holds(request: HttpRequest, resident_id: UUID) -> bool:
    """Whether this session may see the person now."""
    return _name(request, resident_id) in _unexpired(request)


def _unexpired(request: HttpRequest) -> dict[str, int]:
    now = time.time()
    return {name: until for name, until in request.session.get(_SESSION_KEY, {}).items() if until > now}


def _name(request: HttpRequest, resident_id: UUID) -> str:
    return keyed_hash("desk-grant", request.user.pk.bytes, resident_id.bytes).hex()[:32]
