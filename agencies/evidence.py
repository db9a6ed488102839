"""Who at the agency wanted it: a JWT that the agency signs for one request, kept sealed with the record.

It says what the agency's own system knows and nobody else can: the clerk (by a pseudonym of the agency's), the section,
the case, the row of the permission table that was relied on, and the agency's id of the transaction. Checked here are
signature, time and form; whether it is true is what the commission asks the agency, with the statement in its hand.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from agencies.clients import CLOCK_SKEW, LONGEST_LIFE, key_of
from agencies.models import ApiClient
from numbering.check_digits import normalise

TYPE = "mynx-evidence+jwt"
LONGEST = 2048
_REQUIRED = {"clerk": 64, "section": 64, "case_number": 40, "txn": 64}
_OPTIONAL = {"row": 16}
# Twelve digits alone are the form of an Individual Number: none may come in here either.
_NUMBER = re.compile(r"[0-9]{12}")


class EvidenceNotAccepted(Exception):
    """Not a statement of this client for this service at this time."""


def check(evidence: str, *, client: ApiClient, audience: str, at: datetime) -> dict[str, Any]:
    """The claims of the evidence, if the client signed them for this service now. Raises EvidenceNotAccepted."""
    key, algorithms = key_of(client)
    try:
        if len(evidence) > LONGEST:
            raise ValueError
        token = jwt.decode(evidence, key, algorithms=algorithms)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise EvidenceNotAccepted from error
    claims, now, skew = token.claims, at.timestamp(), CLOCK_SKEW.total_seconds()
    expiry = claims.get("exp")
    facts = (
        token.header.get("typ") == TYPE,
        claims.get("iss") == str(client.client_id),
        claims.get("aud") == audience,
        type(expiry) is int and now - skew < expiry <= now + LONGEST_LIFE.total_seconds() + skew,
        all(_is_plain(claims.get(name), longest) for name, longest in _REQUIRED.items()),
        all(_is_plain(claims[name], longest) for name, longest in _OPTIONAL.items() if name in claims),
    )
    if not all(facts):
        raise EvidenceNotAccepted
    return dict(claims)


def _is_plain(value: Any, longest: int) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= longest
        and value.isprintable()
        and not _NUMBER.fullmatch(normalise(value))
    )
