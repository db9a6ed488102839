"""What is signed at sign-in, and what may go into it. Shared by the reader, which composes it, and the verifier.

    mynaportal/card/1 LF origin LF purpose LF session LF nonce

The chip signs the SHA-256 of this text. No part can hold a line feed, so two different requests never give one text.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

PURPOSES = ("sign-in", "desk-sign-in", "confirm")

_VERSION = "mynaportal/card/1"
_SESSION = re.compile(r"[0-9a-f]{64}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{43}")
_CHALLENGE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~-]{0,200}")
_HOST = re.compile(r"(?:[a-z0-9.-]{1,200}|\[[0-9a-f:]{2,45}\])(?::[0-9]{1,5})?")


class MalformedRequest(ValueError):
    """A part of the request has not its form."""


def signed_message(*, origin: str, purpose: str, session: str, nonce: str) -> bytes:
    """The text whose SHA-256 the chip signs. Raises MalformedRequest."""
    if (
        not is_origin(origin)
        or purpose not in PURPOSES
        or not _SESSION.fullmatch(session)
        or not _NONCE.fullmatch(nonce)
    ):
        raise MalformedRequest
    return "\n".join((_VERSION, origin, purpose, session, nonce)).encode()


def is_origin(text: str) -> bool:
    """An http(s) origin in the form in which browsers send it (RFC 6454, section 6.2)."""
    scheme, found, rest = text.partition("://")
    return bool(found) and scheme in ("http", "https") and bool(_HOST.fullmatch(rest)) and urlsplit(text).netloc == rest


def is_challenge(text: str) -> bool:
    return bool(_CHALLENGE.fullmatch(text))


def is_return_path(text: str) -> bool:
    """A path on the asking origin: it begins with one slash and cannot lead elsewhere."""
    return bool(_PATH.fullmatch(text)) and ".." not in text
