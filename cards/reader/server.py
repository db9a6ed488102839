"""The reader's small web server, for this machine's browser only (it listens on the loopback address).

    GET  /status        which cards are in, for known sites
    POST /sign          a site asks: the page that names it, its purpose and the cards, and takes the PIN
    POST /sign/answer   the reader's own forms

A site that the holder has not allowed yet learns that the reader runs, and nothing else (cards/reader/pairing.py).

Neither a PIN nor a challenge ever stands in an address or a log line.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cards.reader import pages, protocol
from cards.reader.gate import Gate
from cards.reader.pairing import Pairing
from cards.reader.pending import Request
from cards.reader.signing import Signing
from cards.reader.slots import Readers, Slots
from cards.reader.texts import LANGUAGES, choose_language

log = logging.getLogger("cards.reader")

_LOOPBACK = "127.0.0.1"
_MOST_BYTES = 8192
_ASSETS = {"/reader.css": "text/css; charset=utf-8", "/reader.js": "text/javascript; charset=utf-8"}
_PAIRING_HEADER = "Reader-Pairing"
_PATHS = ("/", "/status", "/sign", "/sign/answer", *_ASSETS)


class ReaderServer(ThreadingHTTPServer):
    """Bound to the loopback address, whatever it is told; port 0 takes a free one."""

    daemon_threads = True

    def __init__(
        self,
        port: int,
        directory: Path,
        portal_origins: Iterable[str],
        pairing: Pairing,
        on_first_insertion: Callable[[str], object] | None = None,
        readers: Readers | None = None,
    ) -> None:
        origins = frozenset(portal_origins)
        if not all(protocol.is_origin(origin) for origin in origins):
            raise ValueError("A portal's origin looks like https://portal.example, without a path.")
        super().__init__((_LOOPBACK, port), _Handler)
        self.gate = Gate(self.server_port, origins)
        self.pairing = pairing
        self.slots = Slots(directory, readers)
        self.signing = Signing(
            slots=self.slots,
            pairing=pairing,
            address=f"{_LOOPBACK}:{self.server_port}",
            on_first_insertion=on_first_insertion,
        )

    def handle_error(self, request: object, client_address: object) -> None:
        log.info("a connection broke off")


def serve(
    port: int,
    directory: Path,
    portal_origins: Iterable[str],
    pairing: Pairing,
    on_first_insertion: Callable[[str], object] | None = None,
    readers: Readers | None = None,
) -> None:
    """Run until stopped. `on_first_insertion(slug)` makes a demo card's keys when it is first used."""
    with ReaderServer(port, directory, portal_origins, pairing, on_first_insertion, readers) as server:
        server.serve_forever()


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, which: str) -> None:
        super().__init__()
        self.status, self.which = status, which


class _Handler(BaseHTTPRequestHandler):
    server: ReaderServer
    server_version = "CardReader"
    sys_version = ""
    timeout = 15

    def do_GET(self) -> None:
        self._guarded(self._get)

    def do_POST(self) -> None:
        self._guarded(self._post)

    def do_OPTIONS(self) -> None:
        self._guarded(self._preflight)

    def log_message(self, format: str, *args: object) -> None:
        path = urlsplit(getattr(self, "path", "")).path
        log.info("%s %s", getattr(self, "command", None) or "-", path if path in _PATHS else "(other)")

    # --- requests -------------------------------------------------------------------------------------------------

    def _guarded(self, handle: Callable[[], None]) -> None:
        try:
            if not self.server.gate.is_own_host(self.headers.get("Host")):
                raise _Refused(HTTPStatus.FORBIDDEN, "forbidden")
            handle()
        except _Refused as refused:
            self._page(pages.message(self._language(), refused.which), status=refused.status)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # the holder sees a page and the log the kind; neither sees any content
            log.error("request failed: %s", type(error).__name__)
            self._page(pages.message(self._language(), "failed"), status=HTTPStatus.INTERNAL_SERVER_ERROR)

    def _get(self) -> None:
        path = urlsplit(self.path).path
        if path == "/":
            cards = len(self.server.slots.inserted())
            self._page(pages.home(self._language(), cards=cards, origins=sorted(self.server.gate.origins)))
        elif path == "/status":
            self._status()
        elif path in _ASSETS:
            content = Path(__file__).with_name("assets").joinpath(path[1:]).read_bytes()
            self._answer(HTTPStatus.OK, content, _ASSETS[path])
        else:
            raise _Refused(HTTPStatus.NOT_FOUND, "not_found")

    def _post(self) -> None:
        path = urlsplit(self.path).path
        if path == "/sign":
            self._sign()
        elif path == "/sign/answer":
            self._sign_answer()
        else:
            raise _Refused(HTTPStatus.NOT_FOUND, "not_found")

    def _status(self) -> None:
        origin = self.headers.get("Origin")
        if origin is None or not self.server.gate.is_known_site(origin):
            raise _Refused(HTTPStatus.FORBIDDEN, "unknown_origin")
        told: dict[str, object] = {
            "paired": self.server.pairing.is_paired(origin, self.headers.get(_PAIRING_HEADER, ""))
        }
        if told["paired"]:
            told["cards"] = [{"slug": card.slug, "state": card.state} for card in self.server.slots.inserted()]
        content = json.dumps(told).encode()
        self._answer(HTTPStatus.OK, content, "application/json", self._cors(origin))

    def _preflight(self) -> None:
        origin = self.headers.get("Origin")
        if urlsplit(self.path).path != "/status" or not self.server.gate.is_known_site(origin):
            raise _Refused(HTTPStatus.FORBIDDEN, "unknown_origin")
        headers = {
            **self._cors(origin),
            "Access-Control-Allow-Methods": "GET",
            "Access-Control-Allow-Headers": _PAIRING_HEADER,
        }
        if self.headers.get("Access-Control-Request-Private-Network") == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        self._answer(HTTPStatus.NO_CONTENT, b"", "text/plain", headers)

    @staticmethod
    def _cors(origin: str | None) -> dict[str, str]:
        return {"Vary": "Origin"} | ({"Access-Control-Allow-Origin": origin} if origin else {})

    def _sign(self) -> None:
        origin = self.headers.get("Origin")
        if origin is None or not self.server.gate.is_known_site(origin):
            raise _Refused(HTTPStatus.FORBIDDEN, "unknown_origin")
        form = self._form()
        language = form.get("language", "")
        request = Request(
            origin=origin,
            challenge=form.get("challenge", ""),
            nonce=form.get("nonce", ""),
            session=form.get("session", ""),
            purpose=form.get("purpose", ""),
            return_to=form.get("return_to", ""),
            language=language if language in LANGUAGES else self._language(),
            is_paired=self.server.pairing.is_paired(origin, form.get("pairing", "")),
        )
        if not protocol.is_challenge(request.challenge) or not protocol.is_return_path(request.return_to):
            raise _Refused(HTTPStatus.BAD_REQUEST, "malformed")
        try:
            request.message()
        except protocol.MalformedRequest:
            raise _Refused(HTTPStatus.BAD_REQUEST, "malformed") from None
        self._page(self.server.signing.begin(request), form_to=origin)

    def _sign_answer(self) -> None:
        if not self.server.gate.is_own_page(self.headers.get("Origin"), self.headers.get("Host")):
            raise _Refused(HTTPStatus.FORBIDDEN, "forbidden")
        form = self._form()
        page = self.server.signing.go_on(
            token=form.get("token", ""),
            action=form.get("action", ""),
            code=form.get("code", ""),
            card=form.get("card", ""),
            pin=form.get("pin", ""),
            language=self._language(),
        )
        self._page(page, form_to=" ".join(sorted(self.server.gate.origins)))

    def _form(self) -> dict[str, str]:
        """The fields of a posted form, each at most once."""
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        length = self.headers.get("Content-Length") or ""
        if kind != "application/x-www-form-urlencoded" or not length.isascii() or not length.isdigit():
            raise _Refused(HTTPStatus.BAD_REQUEST, "malformed")
        if int(length) > _MOST_BYTES:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "malformed")
        try:
            fields = parse_qs(
                self.rfile.read(int(length)).decode("ascii"),
                errors="strict",
                max_num_fields=20,
                strict_parsing=True,
                keep_blank_values=True,
            )
        except ValueError:
            raise _Refused(HTTPStatus.BAD_REQUEST, "malformed") from None
        if any(len(values) != 1 for values in fields.values()):
            raise _Refused(HTTPStatus.BAD_REQUEST, "malformed")
        return {name: values[0] for name, values in fields.items()}

    def _language(self) -> str:
        return choose_language(self.headers.get("Accept-Language", ""))

    # --- answers --------------------------------------------------------------------------------------------------

    def _page(self, content: bytes, *, status: HTTPStatus = HTTPStatus.OK, form_to: str = "") -> None:
        self._answer(status, content, "text/html; charset=utf-8", form_to=form_to)

    def _answer(
        self,
        status: HTTPStatus,
        content: bytes,
        content_type: str,
        headers: dict[str, str] | None = None,
        *,
        form_to: str = "",
    ) -> None:
        self.send_response(status)
        policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; "
            f"form-action 'self' {form_to}; base-uri 'none'; frame-ancestors 'none'"
        )
        for name, value in {
            "Content-Type": content_type,
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "strict-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
