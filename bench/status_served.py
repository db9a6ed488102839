"""Answers about certificates per second over loopback, from servers of the same kind, each request on a new connection.

Ours live (POST, under gunicorn with one worker), an empty view in the same server, django-ca's view under the same
gunicorn, and `openssl ocsp` from its index: so many requests in turns and then no more, for openssl's responder does
not survive a client that breaks off. All authorities are P-256. Without a network: bench/ocsp.py.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import peers
from bench.measure import REPETITIONS, Measure

REQUESTS = 300
CERTIFICATES = 100
_START_SECONDS = 60


def run() -> list[Measure]:
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests.committed import ENGINES

    return [measure for engine in ENGINES for measure in _measures(engine)]


def _measures(engine: str) -> list[Measure]:
    from tests.committed import migrated_var
    from tests.committed import run as run_script

    python, openssl = peers.django_ca(), shutil.which("openssl")
    with ExitStack() as held:
        directory = Path(held.enter_context(tempfile.TemporaryDirectory()))
        env = held.enter_context(migrated_var(directory, engine))
        prepared = json.loads(run_script(env, f"from bench.status_served import prepare; prepare({str(directory)!r})"))
        requests = [bytes.fromhex(each) for each in prepared]
        ours = held.enter_context(_gunicorn(sys.executable, "bench.status_served:application", env))
        targets = {"live": (ours, "POST", "/pki/ocsp", requests), "empty-view": (ours, "GET", "/empty", [b""])}
        if python is not None:
            targets["django-ca"] = _django_ca(held, python, directory / "django-ca")
        if openssl is not None:
            targets["openssl-ocsp"] = (held.enter_context(_openssl(openssl, directory)), "POST", "/", requests)
        rounds = [{name: _rate(*target) for name, target in targets.items()} for _ in range(1 + REPETITIONS)][1:]
    rates = {name: statistics.median(each[name] for each in rounds) for name in targets}
    return [
        Measure(f"ocsp-served-live-{engine}", rates["live"], "answers/s", reference, rate)
        for reference, rate in rates.items()
        if reference != "live"
    ]


def prepare(directory: str) -> None:
    """Certificates and a responder of ours; the same for openssl as an index; print the requests as JSON."""
    from cryptography.hazmat.primitives import serialization
    from django.conf import settings
    from django.utils import timezone

    from bench.ocsp import certificates
    from cards import authorities, delegates
    from cards.models import Certificate
    from cards.pki.profiles import USER_AUTHENTICATION

    requests = certificates()
    responder = delegates.responder(USER_AUTHENTICATION, 1, at=timezone.now())
    place = Path(directory)
    anchor = authorities.anchor(USER_AUTHENTICATION, 1)
    (place / "ca.pem").write_bytes(anchor.public_bytes(serialization.Encoding.PEM))
    (place / "ocsp.pem").write_bytes(responder.certificate.public_bytes(serialization.Encoding.PEM))
    private = responder.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (place / "ocsp.key").write_bytes(private)
    lines = [
        f"V\t{row.not_after:%y%m%d%H%M%SZ}\t\t{row.serial.upper()}\tunknown\t/C=JP/CN={row.serial}"
        for row in Certificate.objects.all()
    ]
    (place / "index.txt").write_text("\n".join(lines) + "\n")
    assert settings.PKI_STATUS_OPEN
    print(json.dumps([request.hex() for request in requests]))


def __getattr__(name: str) -> object:
    """`application` for gunicorn: our status door and an empty view, with all of our middleware."""
    if name != "application":
        raise AttributeError(name)
    import django
    from django.conf import settings

    django.setup()
    settings.ROOT_URLCONF = "bench.ocsp"
    settings.KEYS_CREATE_MISSING = False  # as in production: nothing is published on the way
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def _rate(port: int, method: str, path: str, bodies: list[bytes]) -> float:
    """So many requests, one after the other, each on a connection of its own; every answer is looked at."""
    begun = time.perf_counter()
    for number in range(REQUESTS):
        body = bodies[number % len(bodies)]
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(
                f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/ocsp-request\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            answer = b"".join(iter(lambda c=connection: c.recv(65536), b""))
        head, _, content = answer.partition(b"\r\n\r\n")
        assert head.split()[1] == b"200", head
        assert path == "/empty" or b"\x0a\x01\x00" in content[:8], content[:8].hex()
    return REQUESTS / (time.perf_counter() - begun)


def _django_ca(held: ExitStack, python: Path, directory: Path) -> tuple[int, str, str, list[bytes]]:
    directory.mkdir()
    project = Path(peers.__file__).with_name("django_ca_project.py")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MYNA_", "DJANGO_"))}
    made = subprocess.run(
        [python, project, "responder", directory], env=env, capture_output=True, text=True, check=True, cwd=directory
    )
    path, *requests = made.stdout.split()
    env |= {"DIRECTORY": str(directory), "PYTHONPATH": str(project.parent)}
    port = held.enter_context(_gunicorn(str(python), "django_ca_project:application", env))
    return port, "POST", path, [bytes.fromhex(each) for each in requests]


@contextmanager
def _gunicorn(python: str, application: str, env: dict[str, str]) -> Iterator[int]:
    port = _free_port()
    command = [python, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    with _running([*command, "--log-level", "error"], env, port):
        yield port


@contextmanager
def _openssl(openssl: str, directory: Path) -> Iterator[int]:
    port = _free_port()
    command = [openssl, "ocsp", "-port", str(port), "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ocsp.pem"]
    with _running([*command, "-rkey", "ocsp.key"], {**os.environ}, port, cwd=directory):
        yield port


@contextmanager
def _running(command: list[str], env: dict[str, str], port: int, cwd: Path | None = None) -> Iterator[None]:
    server = subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert server.poll() is None, f"{command[0]} ended by itself"
            if _listens(port):
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(timeout=20)


def _listens(port: int) -> bool:
    """By the kernel's table: a connection that asks nothing would make openssl's responder hang."""
    wanted = f"0100007F:{port:04X}", f"00000000:{port:04X}", f"{'0' * 32}:{port:04X}"
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return any(line[1] in wanted and line[3] == "0A" for line in lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
