"""Every answer below /api/v1/ leaves signed: also the problems that arise before any view is reached.

As the outermost middleware it sees what really goes out. The door's own key signs (RFC 9421, Ed25519); its public half
is at /api/keys.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from joserfc.jwk import OKPKey

from api import signatures
from keys import custody

PURPOSE = "response-signature"
PREFIX = "/api/v1/"


class SignedAnswers:
    """Signs what the agencies' door answers, in the processes that open it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PREFIX) and "api" in settings.MYNA_DOORS:
            sign(response, request)
        return response


def sign(response: HttpResponse, request: HttpRequest) -> None:
    """Sign one answer with the current key."""
    private = custody.signing_key(PURPOSE)
    answer = signatures.Answer(response.status_code, response.headers, as_signed(request))
    signatures.sign(answer, response.content, key=private, keyid=_name(private), at=timezone.now())


def public_keys() -> list[dict[str, str]]:
    """The public keys that answers are checked by, the current one first (RFC 7517)."""
    return [_public(Ed25519PrivateKey.from_private_bytes(key.material)) for key in custody.every(PURPOSE)]


def as_signed(request: HttpRequest) -> signatures.Request:
    """The request as its caller signed it: at the public address of this service, whatever stands in front of it."""
    url = settings.PORTAL_ORIGIN + request.get_full_path()
    return signatures.Request(request.method or "", url, request.headers)


@lru_cache(maxsize=8)
def _name(private: Ed25519PrivateKey) -> str:
    return _public(private)["kid"]


def _public(private: Ed25519PrivateKey) -> dict[str, str]:
    """A public JWK whose kid is its thumbprint (RFC 7638)."""
    public = OKPKey.import_key(private.public_key())
    return {**public.as_dict(private=False), "kid": public.thumbprint(), "alg": "Ed25519", "use": "sig"}
