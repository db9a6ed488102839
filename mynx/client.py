"""The client: gets a token, signs, sends, and believes only what the service signed for that very request.

    service = Service(Agency(Path("var/agencies/132080")))
    answer = service.post("/api/v1/inquiries", {"code": ..., "provider": "132047", ...})
    answer.status, answer.content

Nothing is sent twice by itself: an inquiry that was sent is on record, whether its answer arrived or not.
"""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from mynx import keys, signatures
from mynx.agency import Agency

TOKEN_PATH = "/api/oauth/token"  # noqa: S105 - an address
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EVIDENCE_TYPE = "mynx-evidence+jwt"
TIMEOUT_SECONDS = 30
# A token is renewed a little before it ends.
_EARLY_SECONDS = 20


class NotReached(Exception):
    """Nothing answers, or not as the service would."""


class NoToken(Exception):
    """The service does not recognise this client."""


@dataclass(frozen=True)
class Answer:
    """An answer that the service signed: its status and what it says."""

    status: int
    content: dict[str, Any]

    @property
    def is_good(self) -> bool:
        return self.status < 400


class Service:
    """The exchange's API, seen from one agency."""

    def __init__(self, agency: Agency, *, reached_at: str = "") -> None:
        client = agency.client()
        self.agency = agency
        self.client_id: str = client["client_id"]
        self.key: dict[str, Any] = client["private_jwk"]
        # The public address is what is signed; the service may be reached at another.
        self.origin: str = client["token_endpoint"].removesuffix(TOKEN_PATH)
        self.reached_at = (reached_at or self.origin).rstrip("/")
        if urlsplit(self.reached_at).scheme not in {"http", "https"}:
            raise NotReached("The service's address must be http or https.")
        self._token, self._token_ends = "", 0.0
        self._keys: list[dict[str, Any]] | None = None

    def post(self, path: str, content: Mapping[str, Any], *, evidence: Mapping[str, str] | None = None) -> Answer:
        """Send a signed request and return its answer, verified. Raises NotReached, NoToken, NotGenuine."""
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = {
            "content-type": "application/json",
            "content-digest": signatures.content_digest(body),
            "authorization": f"Bearer {self.token()}",
        }
        if evidence:
            headers["mynx-evidence"] = self.evidence(evidence)
        asked = signatures.Request("POST", self.origin + path, headers)
        headers |= signatures.sign_request(asked, key=self.key, keyid=self.client_id)
        status, answered, text = self.send("POST", path, body, headers)
        answer = signatures.Response(status, answered, asked)
        signatures.verify_response(answer, text, service_keys=self.keys(for_answer=answered))
        found = Answer(status, _read(text))
        self._note(path, content, found, answered)
        return found

    def token(self) -> str:
        """An access token, kept until it ends (RFC 6749 section 4.4, RFC 7523)."""
        if time.time() < self._token_ends - _EARLY_SECONDS:
            return self._token
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.origin + TOKEN_PATH}
        claims |= {"jti": secrets.token_urlsafe(16), "iat": now, "exp": now + 50}  # type: ignore[dict-item]
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": keys.statement(claims, self.key),
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        status, _, text = self.send("POST", TOKEN_PATH, urlencode(form).encode(), headers)
        answer = _read(text)
        if status != 200:
            raise NoToken(f"No token: {answer.get('error')} ({answer.get('error_description')})")
        self._token, self._token_ends = answer["access_token"], now + answer["expires_in"]
        return self._token

    def evidence(self, claims: Mapping[str, str]) -> str:
        """The statement about clerk, section, case and transaction that goes with one request."""
        now = int(time.time())
        whole = {"iss": self.client_id, "aud": f"{self.origin}/api/", "iat": now, "exp": now + 50}
        return keys.statement(whole | {"txn": secrets.token_urlsafe(12)} | dict(claims), self.key, kind=EVIDENCE_TYPE)

    def keys(self, *, for_answer: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The service's public keys: the pinned ones and no others; else as published, asked again for a new name."""
        pinned = self.agency.pinned_keys()
        if pinned is not None:
            return pinned
        named = (for_answer or {}).get("signature-input", "")
        if self._keys is None or not any(f'"{key["kid"]}"' in named for key in self._keys):
            self._keys = self.published_keys()
        return self._keys

    def published_keys(self) -> list[dict[str, Any]]:
        status, _, text = self.send("GET", "/api/keys", b"", {})
        if status != 200:
            raise NotReached(f"{self.reached_at} publishes no keys (status {status}).")
        found: list[dict[str, Any]] = _read(text)["keys"]
        return found

    def send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """One request over the line: the only place that touches the network."""
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
            self.reached_at + path, data=body or None, headers=dict(headers), method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return response.status, _lower(response.headers), response.read()
        except urllib.error.HTTPError as error:
            return error.code, _lower(error.headers), error.read()
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            raise NotReached(f"Nothing answers at {self.reached_at}.") from None

    def _note(self, path: str, content: Mapping[str, Any], answer: Answer, headers: Mapping[str, str]) -> None:
        said = answer.content
        ours = content.get("case_number") or content.get("reference") or ""
        lines = [each for each in said.get("results", [said]) if each.get("record")]
        if lines:
            common = {
                "digest": headers["content-digest"],
                "signed": headers["signature-input"],
                "signature": headers["signature"],
            }
            self.agency.note_all(
                {
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "address": path,
                    "status": answer.status,
                    "outcome": each.get("outcome") or each.get("code") or "",
                    "record": each["record"],
                    "ours": each.get("line") or ours,
                    **common,
                }
                for each in lines
            )


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _read(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise NotReached("The answer is not one of the service.")
    return content
