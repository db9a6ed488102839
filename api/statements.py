"""What this door says to everyone and signs for itself: a JWS in its flattened JSON form (RFC 7515 section 7.2.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey

from exchange import service_key

_ALGORITHM = "Ed25519"  # RFC 9864


def signed(content: Mapping[str, Any], *, kind: str) -> dict[str, str]:
    """The content signed with the current key of answers. `kind` is the header's typ: a statement of one kind is never
    taken for one of another (RFC 8725 section 3.11)."""
    private, keyid = service_key.current()
    key = OKPKey.import_key(private)
    header = {"alg": _ALGORITHM, "kid": keyid, "typ": kind}
    payload = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    statement = jws.serialize_json({"protected": header}, payload, key, algorithms=[_ALGORITHM])
    return {name: statement[name] for name in ("protected", "payload", "signature")}
