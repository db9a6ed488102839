"""docker/status.nginx.conf under a real nginx: files for verifiers, everything else to the door, and nothing logged."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from mynaportal.catalogues import BASE_DIR

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
TEXT = "MEQw+A//B/=="
VERIFIER = {"Authorization": "Bearer verifier"}


class Door(BaseHTTPRequestHandler):
    """Stands in for the door: knows one verifier, and says that it answered live."""

    def do_GET(self) -> None:
        is_verifier = self.headers["Authorization"] == VERIFIER["Authorization"]
        self.send_response(204 if is_verifier else 401) if self.path == "/pki/access" else self.send_response(200)
        self.end_headers()
        if self.path != "/pki/access":
            self.wfile.write(b"live " + self.path.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    (tmp_path / "ocsp").mkdir()
    (tmp_path / "ocsp" / quote(TEXT, safe="")).write_bytes(b"signed ahead")
    tmp_path.chmod(0o755)
    snippet = (BASE_DIR / "docker" / "status.nginx.conf").read_text()
    (outside,) = [line.lstrip("# ") for line in snippet.splitlines() if line.startswith("#   map")]
    snippet = snippet.replace("/var/lib/mynaportal/pki-public", str(tmp_path)).replace("8003", str(door.server_port))
    own = free_port()
    places = " ".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ access_log {tmp_path}/access.log; {places}\n{outside}\n"
        f"server {{ listen 127.0.0.1:{own};\n{snippet}\n}} }}\n"
    )
    server = subprocess.Popen([str(NGINX), "-c", str(tmp_path / "conf"), "-e", str(tmp_path / "error.log")])
    for _ in range(100):
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", own)) == 0:
                break
        time.sleep(0.1)
    yield own
    server.terminate()
    server.wait(10)
    door.shutdown()
    door.server_close()


def get(port: int, path: str, headers: dict[str, str]) -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    if found[2] == b"signed ahead":
        assert "max-age" in answer.headers["Cache-Control"]
        assert answer.headers["ETag"]
        assert answer.headers["Last-Modified"]
    connection.close()
    return found


def test_files_for_verifiers_and_the_door_for_all_else(port: int, tmp_path: Path) -> None:
    ahead = f"/pki/ocsp/{quote(TEXT, safe='')}"
    assert get(port, ahead, VERIFIER) == (200, "application/ocsp-response", b"signed ahead")
    for path, headers in (
        (ahead, {}),  # a stranger: the door decides
        (f"/pki/ocsp/{TEXT}", VERIFIER),  # another spelling, with two slashes in a row
        ("/pki/ocsp/bm90aGluZw%3D%3D", VERIFIER),
        ("/pki/signature/1/complete.crl", {}),
    ):
        status, _, body = get(port, path, headers)
        assert (status, body) == (200, b"live " + path.encode())
    logged = tmp_path / "access.log"
    assert not logged.exists() or "pki" not in logged.read_text()
