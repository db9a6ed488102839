"""Answers about certificates per second: live, beside an empty view under the same stack in the same run.

Both go through the WSGI application with every middleware, without a network, so that the difference is what an answer
is: reading the request, one row, one signature. The same without Django is set beside the library's own builder.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measure import Measure, side_by_side

ROUND = 200
CERTIFICATES = 100


def run() -> list[Measure]:
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests.committed import ENGINES, migrated_var
    from tests.committed import run as run_script

    measures = []
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as directory, migrated_var(Path(directory), engine) as env:
            rates = json.loads(run_script(env, "from bench.ocsp import measure; measure()"))
        for name, (reference, ours, theirs) in rates.items():
            measures.append(Measure(f"ocsp-{name}-{engine}", ours, "answers/s", reference, theirs))
    return measures


def measure() -> None:
    """In a process of its own on fresh databases: print the median rates, each beside its reference's, as JSON."""
    from django.conf import settings

    settings.ROOT_URLCONF = "bench.ocsp"
    requests = certificates()
    post, get, empty = _doors(requests)
    ours, theirs = _bare(requests)
    print(
        json.dumps(
            {
                "live-post": ("empty-view", *side_by_side(post, empty)),
                "live-get": ("empty-view", *side_by_side(get, empty)),
                "live-kept-connection": ("empty-view", *side_by_side(kept(post), empty)),
                "without-django": ("library-builder", *side_by_side(ours, theirs)),
            }
        )
    )


def kept(work: Callable[[], int]) -> Callable[[], int]:
    """The same with the database's connection kept from one request to the next, as on PostgreSQL."""

    def with_it() -> int:
        from django.db import connections

        from databases import REGISTRY

        connection = connections[REGISTRY]
        before = connection.settings_dict["CONN_MAX_AGE"]
        connection.settings_dict["CONN_MAX_AGE"] = None
        connection.close()
        try:
            return work()
        finally:
            connection.settings_dict["CONN_MAX_AGE"] = before
            connection.close()

    return with_it


def certificates() -> list[bytes]:
    """Rows of certificates, a responder, and the requests of clients who send no nonce."""
    from django.utils import timezone

    from cards import publication
    from cards.pki import ocsp
    from tests.cards.certificates import certify, generation, serial, somebody

    at = timezone.now().replace(microsecond=0) - dt.timedelta(days=1)
    issuer, resident = generation(1, at=at), somebody()
    rows = [certify(issuer, at=at, resident=resident) for _ in range(CERTIFICATES)]
    publication.publish(at=timezone.now())
    return [ocsp.plain_request(issuer.certificate, serial=serial(row), algorithm=ocsp.SHA1) for row in rows]


def _doors(requests: list[bytes]) -> tuple[Callable[[], int], Callable[[], int], Callable[[], int]]:
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    from cards import signing_ahead

    settings.KEYS_CREATE_MISSING = False  # as in production: nothing is published on the way
    application = get_wsgi_application()

    def call(method: str, path: str, body: bytes = b"") -> None:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "HTTP_HOST": "127.0.0.1",
            "CONTENT_TYPE": "application/ocsp-request",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
        }
        told: list[str] = []
        answer = application(environ, lambda status, headers, *rest: told.append(status))
        content = b"".join(answer)
        answer.close()
        assert told == ["200 OK"]
        assert content

    def post() -> int:
        for number in range(ROUND):
            call("POST", "/pki/ocsp", requests[number % CERTIFICATES])
        return ROUND

    from urllib.parse import unquote

    paths = ["/pki/ocsp/" + unquote(signing_ahead.name_of(request)) for request in requests]

    def get() -> int:
        for number in range(ROUND):
            call("GET", paths[number % CERTIFICATES])
        return ROUND

    def empty() -> int:
        for _ in range(ROUND):
            call("GET", "/empty")
        return ROUND

    return post, get, empty


def _bare(requests: list[bytes]) -> tuple[Callable[[], int], Callable[[], int]]:
    """Read, build and sign without anything around it: by hand as we do, and with the library's builder."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509 import ocsp as library
    from django.utils import timezone

    from cards import delegates
    from cards.pki import ocsp
    from cards.pki.profiles import USER_AUTHENTICATION

    at = timezone.now().replace(microsecond=0)
    responder = delegates.responder(USER_AUTHENTICATION, 1, at=at)
    until = at + dt.timedelta(minutes=10)

    def ours() -> int:
        for number in range(ROUND):
            asked = ocsp.parse(requests[number % CERTIFICATES])
            ocsp.answer(responder, answers=[(asked.certificates[0], ocsp.Status())], at=at, next_update=until)
        return ROUND

    def theirs() -> int:
        for number in range(ROUND):
            asked = library.load_der_ocsp_request(requests[number % CERTIFICATES])
            builder = library.OCSPResponseBuilder().add_response_by_hash(
                asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number, asked.hash_algorithm,
                library.OCSPCertStatus.GOOD, at, until, None, None,
            )  # fmt: skip
            builder = builder.responder_id(library.OCSPResponderEncoding.HASH, responder.certificate)
            signed = builder.certificates([responder.certificate]).sign(responder.key, hashes.SHA256())
            signed.public_bytes(serialization.Encoding.DER)
        return ROUND

    return ours, theirs


def _urls() -> list[Any]:
    from django.contrib.auth.decorators import login_not_required
    from django.http import HttpRequest, HttpResponse
    from django.urls import include, path

    @login_not_required
    def empty(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"empty")

    return [path("pki/", include("status.urls")), path("empty", empty)]


def __getattr__(name: str) -> Any:
    """`urlpatterns`, made when Django asks: this module is imported before Django is ready."""
    if name == "urlpatterns":
        return _urls()
    raise AttributeError(name)
