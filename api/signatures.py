"""Profile mynx-1 of HTTP message signatures (RFC 9421): what a signed request must be, and how answers are signed.

A request carries the signature labelled `mynx`, with the tag `mynx-1`, by the client's registered key. It covers at
least the components below, names its client as keyid, lives for at most a minute and has a nonce. An answer is signed
by this service and covers the request's own signature: it answers that request and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import http_sf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    PreparedSignature,
)
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ED25519

LABEL = "mynx"
TAG = "mynx-1"
EVIDENCE = "Mynx-Evidence"
COMPONENTS = ("@method", "@target-uri", "content-type", "content-digest", "authorization")
LONGEST_LIFE = timedelta(seconds=60)
AHEAD = timedelta(seconds=5)
_LONGEST_NONCE = 128

# What an answer covers: bound to the request's signature; where there was none to read, to the request's address; and
# alone where even that is no address.
_BINDINGS = (
    ("@status", "content-digest", '"@method";req', '"@target-uri";req', '"signature";req;key="mynx"'),
    ("@status", "content-digest", '"@method";req', '"@target-uri";req'),
    ("@status", "content-digest"),
)
ACCEPTED = f'{LABEL}=({" ".join(http_sf.ser(name) for name in COMPONENTS)});created;expires;nonce;keyid;tag="{TAG}"'


_SIGNER = HTTPMessageSigner(signature_algorithm=ED25519)


class NotSigned(Exception):
    """The request has no signature labelled mynx."""


class NotAccepted(Exception):
    """The signature is not one of this profile by this key. The text is our own sentence and may be shown."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is signed: the method, the whole address, and the header fields."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is signed, with the request that it answers."""

    status_code: int
    headers: MutableMapping[str, str]
    request: Request


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good signature says besides: the nonce, and until when it must not be seen again."""

    nonce: str
    expires: int


def verify(request: Request, *, key: Any, keyid: str, at: datetime) -> Signed:
    """Check the request's signature by this public key. The body is not looked at: see `verify_body`.

    Raises NotSigned | NotAccepted.
    """
    if not {"Signature", "Signature-Input"} <= set(request.headers):
        raise NotSigned
    verifier = _Verifier(key=key, keyid=keyid, at=at)
    needed = [*COMPONENTS, *([EVIDENCE.lower()] if EVIDENCE in request.headers else [])]
    try:
        [result] = verifier.verify(request, max_age=None, expect_tag=TAG, expect_label=LABEL, require_components=needed)
    except _OwnRule as rule:
        raise NotAccepted(str(rule)) from None
    except (HTTPMessageSignaturesException, ValueError) as error:
        # The library's sentences may repeat what was sent.
        raise NotAccepted(_sentence(error)) from None
    return Signed(str(result.nonce), int(result.parameters["expires"]))


def verify_body(request: Request, body: bytes) -> None:
    """Check that Content-Digest (RFC 9530) names this body by SHA-256. Raises NotAccepted."""
    digest = request.headers.get("Content-Digest", "")
    try:
        if "sha-256" not in http_sf.parse(digest.encode(), tltype="dictionary"):
            raise NotAccepted("Content-Digest has no sha-256.")
        ContentDigest.verify(digest, body)
    except (HTTPMessageSignaturesException, ValueError, TypeError):
        raise NotAccepted("Content-Digest does not fit the body.") from None


def sign(answer: Answer, body: bytes, *, key: Ed25519PrivateKey, keyid: str, at: datetime) -> None:
    """Sign an answer in place, bound to its request as closely as the request allows."""
    answer.headers["Content-Digest"] = ContentDigest.create(body)
    prepared = _prepared(answer, keyid=keyid, at=at)
    # The library would make the whole base once more before it puts these two into place.
    answer.headers["Signature-Input"] = f"{LABEL}={prepared.signature_params}"
    answer.headers["Signature"] = f"{LABEL}={http_sf.ser(key.sign(prepared.signature_base))}"


def _prepared(answer: Answer, *, keyid: str, at: datetime) -> PreparedSignature:
    for covered in _BINDINGS:
        try:
            return _SIGNER.prepare(
                answer,
                key_id=keyid,
                created=at,
                label=LABEL,
                tag=TAG,
                covered_component_ids=covered,
                use_existing_digest=True,
            )
        except (HTTPMessageSignaturesException, ValueError):
            if covered is _BINDINGS[-1]:
                raise
    raise AssertionError("The last binding is answered or raised.")


class _OwnRule(InvalidSignature):
    """A rule of this profile that the signature breaks."""


class _Verifier(HTTPMessageVerifier):
    """The library's verifier with this profile's key and clock."""

    def __init__(self, *, key: Any, keyid: str, at: datetime) -> None:
        algorithm = ED25519 if hasattr(key, "public_bytes_raw") else ECDSA_P256_SHA256
        resolver = MappingKeyResolver(public_keys={keyid: key}, private_keys={})
        super().__init__(signature_algorithm=algorithm, key_resolver=resolver)
        self.keyid = keyid
        self.now = at.timestamp()

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """The whole of what this profile says about parameters: times, nonce, keyid."""
        _obey(sig_input.params, keyid=self.keyid, now=self.now)


def _obey(parameters: Mapping[str, Any], *, keyid: str, now: float) -> None:
    created, expires, nonce = (parameters.get(name) for name in ("created", "expires", "nonce"))
    life = LONGEST_LIFE.total_seconds()
    if not isinstance(created, int) or not isinstance(expires, int):
        raise _OwnRule("The signature must have created and expires.")
    if not isinstance(nonce, str) or not 0 < len(nonce) <= _LONGEST_NONCE:
        raise _OwnRule("The signature must have a nonce.")
    if parameters.get("keyid") != keyid:
        raise _OwnRule("The keyid must be the client id of the token.")
    if created > now + AHEAD.total_seconds():
        raise _OwnRule("The signature was created in the future: check your clock.")
    if expires <= now:
        raise _OwnRule("The signature has expired: check your clock.")
    if not created < expires <= created + life:
        raise _OwnRule("A signature may live for a minute at most.")


def _sentence(error: Exception) -> str:
    texts: Iterable[tuple[str, str]] = (
        ("No signatures found matching", "There is no signature with the label mynx and the tag mynx-1."),
        ("was not covered", "The signature does not cover every component that the profile names."),
        ("not found in the message", "The signature covers a header that the request does not have."),
        ("Unexpected algorithm", "The algorithm is not the one of the client's key."),
        ("Malformed", "The headers Signature and Signature-Input cannot be read."),
    )
    return next((sentence for mark, sentence in texts if mark in str(error)), "The signature does not fit.")
