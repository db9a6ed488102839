"""A small server on loopback at which the service asks this agency: `python -m mynx serve`. For development.

It believes only what the service signed for this address just now, each signature once, declines what the published
permission table does not permit, and signs every answer. Whatever else comes is refused unsigned, with a sentence that
repeats nothing.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from mynx import signatures
from mynx.agency import Unusable
from mynx.client import NotReached, Service
from mynx.provider import PENDING, AskedBefore, Malformed, Provider
from mynx.signatures import NotGenuine

LONGEST_BODY = 64 * 1024
PATH = "/inquiries"


class ProviderServer(ThreadingHTTPServer):
    """Listens for the service's questions. `url` is the address that is registered there, and that it signs."""

    daemon_threads = True

    def __init__(self, provider: Provider, service: Service, *, port: int, url: str = "") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.provider, self.service = provider, service
        self.url = url or f"http://127.0.0.1:{self.server_port}{PATH}"
        self.path = urlsplit(self.url).path or "/"
        self._nonces: dict[str, float] = {}
        self._turn = threading.Lock()

    def use(self, nonce: str) -> None:
        """Use a nonce up. Raises NotGenuine the second time, as long as a signature may live."""
        now = time.monotonic()
        with self._turn:
            self._nonces = {used: until for used, until in self._nonces.items() if now < until}
            if nonce in self._nonces:
                raise NotGenuine("The request's signature was used before.")
            self._nonces[nonce] = now + signatures.LIFE_SECONDS + signatures.AHEAD_SECONDS


class _Handler(BaseHTTPRequestHandler):
    server: ProviderServer
    server_version, sys_version = "mynx", ""
    timeout = 10

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != self.server.path:
            return self._refuse(404, "There is nothing at this address.")
        if not length.isascii() or not length.isdigit() or int(length) > LONGEST_BODY:
            return self._refuse(413, "The body is too long, or its length is not stated.")
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = signatures.Request("POST", self.server.url, headers)
        try:
            service_keys = self.server.service.keys(for_answer=headers)
            self.server.use(signatures.verify_request(asked, body, service_keys=service_keys))
            answer = self.server.provider.answer(json.loads(body), at=datetime.now(UTC))
        except NotReached:
            return self._refuse(503, "The keys of the service cannot be had.")
        except NotGenuine as reason:
            return self._refuse(401, str(reason))
        except (Malformed, ValueError, RecursionError):
            return self._refuse(400, "The body is no question.")
        except Unusable:
            return self._refuse(503, "What is needed to answer is not here just now.")
        except AskedBefore:
            return self._refuse(409, "This reference was asked otherwise, or answered otherwise, before.")
        return self._answer(202 if answer["outcome"] == PENDING else 200, answer, asked)

    def _answer(self, status: int, content: dict[str, Any], asked: signatures.Request) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = {"content-digest": signatures.content_digest(body)}
        service = self.server.service
        answer = signatures.Response(status, headers, asked)
        self._send(status, body, headers | signatures.sign_response(answer, key=service.key, keyid=service.client_id))

    def _refuse(self, status: int, sentence: str) -> None:
        self._send(status, json.dumps({"error": sentence}).encode(), {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The journal is the log."""
