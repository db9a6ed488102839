"""Profile mynx-1 of HTTP message signatures (RFC 9421), for what agencies send us and for what we send them.

A request carries the signature labelled `mynx`, with the tag `mynx-1`, by the sender's key. It covers at least the
components below, names the sender's key as keyid, lives for at most a minute and has a nonce. An answer is signed by
whoever was asked and covers the request's own signature: it answers that request and no other. We send no token, so
what we send covers none.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
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
    HTTPSignatureKeyResolver,
    InvalidSignature,
    MappingKeyResolver,
    PreparedSignature,
    VerifyResult,
)
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ED25519

LABEL = "mynx"
TAG = "mynx-1"
EVIDENCE = "Mynx-Evidence"
SENT = ("@method", "@target-uri", "content-type", "content-digest")
COMPONENTS = (*SENT, "authorization")
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
    """The message has no signature labelled mynx."""


class NotAccepted(Exception):
    """The message is not one of this profile by this key. The text is our own sentence and may be shown."""


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
    needed = [*COMPONENTS, *([EVIDENCE.lower()] if EVIDENCE in request.headers else [])]
    result = _verified(
        request, needed, key=key, rule=lambda parameters: _obey(parameters, keyid=keyid, now=at.timestamp())
    )
    return Signed(str(result.nonce), int(result.parameters["expires"]))


def verify_answer(answer: Answer, body: bytes, *, key: Any, keyid: str, at: datetime) -> None:
    """Check that this key signed the answer to our request, a moment ago, and this body. Raises NotAccepted.

    `NotSigned` where there is no signature at all.
    """
    if not {"signature", "signature-input"} <= {name.lower() for name in answer.headers}:
        raise NotSigned
    _verified(
        answer,
        _BINDINGS[0],
        key=key,
        rule=lambda parameters: _obey_in_answer(parameters, keyid=keyid, now=at.timestamp()),
    )
    _check_digest(_fields(answer.headers).get("content-digest", ""), body)


def keyid_of(headers: Mapping[str, str]) -> str:
    """Whose key the signature labelled mynx says it is by, unproved; empty where it says nothing."""
    try:
        labels: Any = http_sf.parse(_fields(headers).get("signature-input", "").encode(), tltype="dictionary")
        found = labels[LABEL][1]["keyid"]
    except (ValueError, TypeError, KeyError, IndexError):
        return ""
    return found if isinstance(found, str) else ""


def verify_body(request: Request, body: bytes) -> None:
    """Check that Content-Digest (RFC 9530) names this body by SHA-256. Raises NotAccepted."""
    _check_digest(request.headers.get("Content-Digest", ""), body)


def read_json(body: bytes) -> dict[str, Any]:
    """RFC 8259 JSON with the stricter reading of RFC 8725 and RFC 7493: one object, UTF-8, each name once, no NaN.

    Raises NotAccepted; its sentence never repeats what was read.
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise NotAccepted("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise NotAccepted(f"Not JSON at line {error.lineno}, column {error.colno}.") from None
    except (ValueError, RecursionError):
        raise NotAccepted("A number is too long or the nesting too deep.") from None
    if not isinstance(value, dict):
        raise NotAccepted("The body must be one JSON object.")
    return value


def request_to(url: str, body: bytes, *, key: Ed25519PrivateKey, keyid: str, at: datetime) -> Request:
    """A POST of ours with a body of JSON, signed. Every call has a nonce of its own."""
    headers = {"Content-Type": "application/json", "Content-Digest": ContentDigest.create(body)}
    request = Request("POST", url, headers)
    _signer(key, keyid).sign(
        request,
        key_id=keyid,
        created=at,
        expires=at + LONGEST_LIFE,
        nonce=secrets.token_urlsafe(16),
        label=LABEL,
        tag=TAG,
        covered_component_ids=SENT,
        use_existing_digest=True,
    )
    return request


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise NotAccepted("A name occurs twice in one object.")
    return names


def _refuse_constant(name: str) -> Any:
    raise NotAccepted("NaN and Infinity are not JSON.")


def _check_digest(digest: str, body: bytes) -> None:
    try:
        algorithms: Any = http_sf.parse(digest.encode(), tltype="dictionary")
        if "sha-256" not in algorithms:
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


def _signer(key: Ed25519PrivateKey, keyid: str) -> HTTPMessageSigner:
    resolver = MappingKeyResolver(public_keys={}, private_keys={keyid: key})
    return HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver)


def _fields(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _OwnRule(InvalidSignature):
    """A rule of this profile that the signature breaks."""


class _Verifier(HTTPMessageVerifier):
    """The library's verifier with one key, and with this profile's rule about the signature's parameters."""

    def __init__(self, *, key: Any, rule: Callable[[Mapping[str, Any]], None]) -> None:
        algorithm = ED25519 if hasattr(key, "public_bytes_raw") else ECDSA_P256_SHA256
        super().__init__(signature_algorithm=algorithm, key_resolver=_OneKey(key))
        self.rule = rule

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """The whole of what this profile says about parameters: times, nonce, keyid."""
        self.rule(sig_input.params)


class _OneKey(HTTPSignatureKeyResolver):
    """The key, whatever name is given: the profile's rule has compared the name."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def resolve_public_key(self, key_id: str) -> Any:
        return self.key


def _verified(
    message: Request | Answer, needed: Sequence[str], *, key: Any, rule: Callable[[Mapping[str, Any]], None]
) -> VerifyResult:
    verifier = _Verifier(key=key, rule=rule)
    try:
        [result] = verifier.verify(message, max_age=None, expect_tag=TAG, expect_label=LABEL, require_components=needed)
    except _OwnRule as broken:
        raise NotAccepted(str(broken)) from None
    except (HTTPMessageSignaturesException, ValueError) as error:
        # The library's sentences may repeat what was sent.
        raise NotAccepted(_sentence(error)) from None
    return result


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


def _obey_in_answer(parameters: Mapping[str, Any], *, keyid: str, now: float) -> None:
    created, expires = parameters.get("created"), parameters.get("expires")
    if parameters.get("keyid") != keyid:
        raise _OwnRule("The keyid is another one.")
    if not isinstance(created, int) or abs(now - created) > LONGEST_LIFE.total_seconds():
        raise _OwnRule("The answer was not signed now.")
    if expires is not None and not (isinstance(expires, int) and now < expires):
        raise _OwnRule("The answer's signature has expired.")


def _sentence(error: Exception) -> str:
    texts: Iterable[tuple[str, str]] = (
        ("No signatures found matching", "There is no signature with the label mynx and the tag mynx-1."),
        ("was not covered", "The signature does not cover every component that the profile names."),
        ("not found in the message", "The signature covers a header that the request does not have."),
        ("Unexpected algorithm", "The algorithm is not the one of the client's key."),
        ("Malformed", "The headers Signature and Signature-Input cannot be read."),
    )
    return next((sentence for mark, sentence in texts if mark in str(error)), "The signature does not fit.")
