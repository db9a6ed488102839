"""Answers about certificates per second over loopback, one after the other, each request on a new connection.

Ours live (POST), in the process that docker-compose.yml calls `status`, under gunicorn with one worker and no threads;
signed ahead (GET), as files that nginx serves by docker/status.nginx.conf, once as it stands there, so that each file
waits until the door has said who may ask, and once open to everyone. Beside them an empty view in the same process,
django-ca's view under the same gunicorn and on the same engine, and `openssl ocsp` from its index: so many requests in
turns and then no more, for openssl's responder does not survive a client that breaks off. Nobody proves to be a
verifier: the switch is open, for no peer has such a thing. All authorities are P-256. Without a network: bench/ocsp.py.

One client waits for each answer, so the figures of what is fast are the client's own: it takes a tenth of a millisecond
for each request, and files alone are served faster than it asks.
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
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import peers
from bench.measure import Measure

REQUESTS, ROUNDS = 100, 9  # short turns, so that a noisy second hits all
CERTIFICATES = 100
OURS = ("live", "signed-ahead", "signed-ahead-open")
DEPLOYED = {"MYNA_DOORS": "status"}
_START_SECONDS = 60

Target = tuple[int, str, list[str], list[bytes]]


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
        ours = held.enter_context(_gunicorn(sys.executable, "bench.status_served:application", env | DEPLOYED))
        targets = {"live": (ours, "POST", ["/pki/ocsp"], requests), "empty-view": (ours, "GET", ["/empty"], [b""])}
        targets |= _signed_ahead(held, directory, Path(env["MYNA_VAR_DIR"]) / "pki-public", door=ours)
        if python is not None:
            targets["django-ca"] = _django_ca(held, python, directory / "django-ca", engine)
        if openssl is not None:
            targets["openssl-ocsp"] = (held.enter_context(_openssl(openssl, directory)), "POST", ["/"], requests)
        rounds = [{name: _rate(*target) for name, target in targets.items()} for _ in range(1 + ROUNDS)][1:]
    rates = {name: statistics.median(each[name] for each in rounds) for name in targets}
    return [
        Measure(f"ocsp-served-{name}-{engine}", rates[name], "answers/s", reference, rates[reference])
        for name in OURS
        for reference in rates
        if name in rates and reference not in OURS
    ]


def prepare(directory: str) -> None:
    """Certificates and a responder of ours; the same for openssl as an index; print the requests as JSON."""
    from cryptography.hazmat.primitives import serialization
    from django.conf import settings
    from django.utils import timezone

    from bench.ocsp import certificates
    from cards import authorities, delegates, signing_ahead
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
    signing_ahead.sign_all(at=timezone.now())
    assert settings.PKI_STATUS_OPEN
    print(json.dumps([request.hex() for request in requests]))


def __getattr__(name: str) -> object:
    """`application` for gunicorn: our status door and an empty view, with all of the process's middleware."""
    if name != "application":
        raise AttributeError(name)
    import django
    from django.conf import settings

    django.setup()
    settings.ROOT_URLCONF = "bench.ocsp"
    settings.KEYS_CREATE_MISSING = False  # as in production: nothing is published on the way
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def _signed_ahead(held: ExitStack, directory: Path, public: Path, *, door: int) -> dict[str, Target]:
    """nginx before the door, with and without its question who may ask."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        print("Answers signed ahead were not measured, for nginx is not installed.", file=sys.stderr)
        return {}
    files = sorted((public / "ocsp").iterdir())
    paths = [f"/pki/ocsp/{file.name}" for file in files]
    configuration = (Path(__file__).parent.parent / "docker" / "status.nginx.conf").read_text()
    asking = "    auth_request /pki/access;\n"
    assert asking in configuration
    configurations = {"signed-ahead": configuration, "signed-ahead-open": configuration.replace(asking, "")}
    targets: dict[str, Target] = {}
    for name, snippet in configurations.items():
        port = held.enter_context(_nginx(nginx, directory / name, public, snippet, door=door))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{paths[0]}", timeout=30) as answer:
            assert answer.read() == files[0].read_bytes(), "the answer is not the file"
        targets[name] = port, "GET", paths, [b""]
    return targets


@contextmanager
def _nginx(nginx: str, directory: Path, public: Path, snippet: str, *, door: int) -> Iterator[int]:
    directory.mkdir()
    for place in (directory.parent, directory, public.parent, public, public / "ocsp"):
        place.chmod(0o755)  # its worker is another user where the measurement is root's
    (outside,) = [line.lstrip("# ") for line in snippet.splitlines() if line.startswith("#   map")]
    inside = snippet.replace("/var/lib/mynaportal/pki-public", str(public)).replace("8003", str(door))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
    port, log = _free_port(), directory / "error.log"
    (directory / "conf").write_text(
        f"daemon off; worker_processes 1; pid {directory}/pid; error_log {log}; events {{}}\n"
        f"http {{ access_log off; {places}\n{outside}\nserver {{ listen 127.0.0.1:{port};\n{inside}\n}} }}\n"
    )
    with _running([nginx, "-c", str(directory / "conf"), "-e", str(log)], {**os.environ}, port):
        yield port


def _rate(port: int, method: str, paths: list[str], bodies: list[bytes]) -> float:
    """So many requests, one after the other, each on a connection of its own; every answer is looked at."""
    begun = time.perf_counter()
    for number in range(REQUESTS):
        path, body = paths[number % len(paths)], bodies[number % len(bodies)]
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


def _django_ca(held: ExitStack, python: Path, directory: Path, engine: str) -> Target:
    directory.mkdir()
    env = held.enter_context(peers.environment(directory, engine))
    project = Path(peers.__file__).with_name("django_ca_project.py")
    made = subprocess.run([python, project, "responder"], env=env, capture_output=True, text=True, check=True)
    path, *requests = made.stdout.split()
    port = held.enter_context(_gunicorn(str(python), "django_ca_project:application", env))
    return port, "POST", [path], [bytes.fromhex(each) for each in requests]


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
