"""HTTP message signatures (RFC 9421) as far as profile mynx-1 goes, and Content-Digest (RFC 9530).

A request is signed with the label `mynx` and the tag `mynx-1`. An answer must be signed by the service and cover the
signature of the request: an answer to another request is refused. The other way round, a provider believes what the
service signed just now, and signs its answers likewise.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from mynx import keys
from mynx.keys import Jwk

LABEL = "mynx"
TAG = "mynx-1"
SIGNED = ('"@method"', '"@target-uri"', '"content-type"', '"content-digest"', '"authorization"')
ASKED = SIGNED[:4]
EVIDENCE = '"mynx-evidence"'
BOUND = ('"@status"', '"content-digest"', '"@method";req', '"@target-uri";req', '"signature";req;key="mynx"')
LIFE_SECONDS = 60
AHEAD_SECONDS = 5

_STRING = r'"(?:[^"\\]|\\["\\])*"'
_KEY = r"[a-z*][a-z0-9_.*-]*"
_PARAMETERS = rf"(?:;{_KEY}(?:=(?:{_STRING}|[A-Za-z0-9:/+=?.*-]+))?)*"
_ITEM = re.compile(rf"{_STRING}{_PARAMETERS}")
_INPUT = re.compile(rf"({_KEY})=(\((?:{_STRING}{_PARAMETERS} ?)*\))({_PARAMETERS})(?: *, *|$)")
_PARAMETER = re.compile(rf";({_KEY})(?:=({_STRING}|[A-Za-z0-9:/+=?.*-]+))?")
_BYTES = re.compile(rf"({_KEY})=:([A-Za-z0-9+/]*={{0,2}}):{_PARAMETERS}(?: *, *|$)")


class NotGenuine(Exception):
    """The message is not signed as it must be. Nothing in it may be believed."""


@dataclass(frozen=True)
class Request:
    """A request; the names of its headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """An answer, and the request that it came for."""

    status: int
    headers: Mapping[str, str]
    request: Request


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign_request(request: Request, *, key: Jwk, keyid: str, at: float | None = None, nonce: str = "") -> dict[str, str]:
    """The two headers that sign the request. It must have its content-digest already."""
    created = int(time.time() if at is None else at)
    covered = [*SIGNED, *([EVIDENCE] if "mynx-evidence" in request.headers else [])]
    parameters = (
        f';created={created};expires={created + LIFE_SECONDS};nonce="{nonce or secrets.token_urlsafe(16)}"'
        f';keyid="{keyid}";tag="{TAG}"'
    )
    return sign(request, covered, parameters, key=key)


def sign(message: Request | Response, covered: Sequence[str], parameters: str, *, key: Jwk) -> dict[str, str]:
    """The two headers that sign any message, over any components, with parameters as they are serialised."""
    text = f"({' '.join(covered)}){parameters}"
    signature = base64.b64encode(keys.sign(key, base(message, covered, text))).decode()
    return {"signature-input": f"{LABEL}={text}", "signature": f"{LABEL}=:{signature}:"}


def sign_response(response: Response, *, key: Jwk, keyid: str, at: float | None = None) -> dict[str, str]:
    """The two headers that sign an answer, bound to its request. It must have its content-digest already."""
    created = int(time.time() if at is None else at)
    parameters = f';created={created};expires={created + LIFE_SECONDS};keyid="{keyid}";tag="{TAG}"'
    return sign(response, BOUND, parameters, key=key)


def verify_response(response: Response, body: bytes, *, service_keys: Sequence[Jwk]) -> None:
    """Check that the service signed this answer to this request. Raises NotGenuine."""
    if not set(BOUND) <= set(_input(response.headers, "answer")[0]):
        raise NotGenuine("The answer's signature does not bind it to our request.")
    _verify(response, body, service_keys, "answer")


def verify_request(request: Request, body: bytes, *, service_keys: Sequence[Jwk], at: float | None = None) -> str:
    """Check that the service signed this request and its body just now; returns its nonce. Raises NotGenuine."""
    now = time.time() if at is None else at
    covered, parameters, _ = _input(request.headers, "request")
    if not set(ASKED) <= set(covered):
        raise NotGenuine("The request's signature does not cover all that it must.")
    created, expires = (int(parameters[name]) if _is_time(parameters, name) else 0 for name in ("created", "expires"))
    if not (created <= now + AHEAD_SECONDS and now < expires <= created + LIFE_SECONDS):
        raise NotGenuine("The request was not signed now.")
    if len(parameters.get("nonce", "")) < 3:
        raise NotGenuine("The request's signature has no nonce.")
    _verify(request, body, service_keys, "request")
    return parameters["nonce"]


def _is_time(parameters: Mapping[str, str], name: str) -> bool:
    return re.fullmatch("[0-9]{1,15}", parameters.get(name, "")) is not None


def _verify(message: Request | Response, body: bytes, service_keys: Sequence[Jwk], name: str) -> None:
    covered, parameters, text = _input(message.headers, name)
    if parameters.get("tag") != f'"{TAG}"':
        raise NotGenuine(f"The {name}'s signature has another tag.")
    key = next((key for key in service_keys if f'"{key.get("kid")}"' == parameters.get("keyid")), None)
    if key is None:
        raise NotGenuine(f"The {name} is signed by a key that the service does not publish.")
    signature = _members(message.headers.get("signature", "")).get(LABEL)
    if signature is None or not keys.verifies(key, signature, base(message, covered, text)):
        raise NotGenuine(f"The {name}'s signature is wrong.")
    if message.headers.get("content-digest") != content_digest(body):
        raise NotGenuine(f"The {name}'s body is not the one that was signed.")


def base(message: Request | Response, covered: Sequence[str], parameters: str) -> bytes:
    """The signature base (section 2.5)."""
    lines = [f"{component}: {_value(message, component)}" for component in covered]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode("ascii")


def _value(message: Request | Response, component: str) -> str:
    name, _, rest = component[1:].partition('"')
    flags = dict(_PARAMETER.findall(rest))
    if "req" in flags:
        if isinstance(message, Request):
            raise NotGenuine("A request has no request.")
        return _value(message.request, component.replace(";req", ""))
    if name == "@status" and isinstance(message, Response):
        return str(message.status)
    if name.startswith("@") and isinstance(message, Request):
        return _derived(message, name, flags.get("name", "").strip('"'))
    if name not in message.headers:
        raise NotGenuine(f"The message has no {name}.")
    value = message.headers[name].strip()
    if "key" not in flags:
        return value
    member = _members(value).get(flags["key"].strip('"'))
    if member is None:
        raise NotGenuine(f"The header {name} has no such member.")
    return f":{base64.b64encode(member).decode()}:"


def _derived(request: Request, name: str, parameter: str) -> str:
    parts = urlsplit(request.url)
    values = {
        "@method": request.method,
        "@target-uri": request.url,
        "@authority": parts.netloc.lower(),
        "@path": parts.path or "/",
        "@query": f"?{parts.query}",
        "@query-param": quote(dict(parse_qsl(parts.query)).get(parameter, ""), safe="*"),
    }
    if name not in values:
        raise NotGenuine("A component is covered that this program does not know.")
    return values[name]


def _input(headers: Mapping[str, str], name: str) -> tuple[list[str], dict[str, str], str]:
    """What the signature labelled mynx covers, its parameters, and both as they were written."""
    rest, found = headers.get("signature-input", "").strip(), []
    while rest:
        member = _INPUT.match(rest)
        if member is None:
            raise NotGenuine("The header Signature-Input cannot be read.")
        found += [member] if member[1] == LABEL else []
        rest = rest[member.end() :]
    if len(found) != 1:
        raise NotGenuine(f"The {name} is not signed.")
    [member] = found
    return _ITEM.findall(member[2]), dict(_PARAMETER.findall(member[3])), member[2] + member[3]


def _members(value: str) -> dict[str, bytes]:
    """A dictionary of byte sequences (RFC 9651), each name once."""
    rest, members = value.strip(), {}
    while rest:
        member = _BYTES.match(rest)
        if member is None or member[1] in members:
            raise NotGenuine("A header of the signature cannot be read.")
        members[member[1]] = base64.b64decode(member[2])
        rest = rest[member.end() :]
    return members
