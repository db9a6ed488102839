"""One POST over a real line: to the address that was checked, with the certificate of its name."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exchange.providers import addresses, http

CITY = "city.example"


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = {"path": self.path, "host": self.headers["Host"], "kind": self.headers["Content-Type"]}
        text = json.dumps(seen | {"body": body.decode()}).encode()
        self.send_response(201)
        for name, value in (("X-Two", "a"), ("Content-Length", str(len(text))), ("X-Two", "b")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def certificate(directory: Path, *names: x509.GeneralName) -> Path:
    """One file with a key and a certificate for these names, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "city")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{len(list(directory.iterdir()))}.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as one:
        threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()
        yield one
        one.shutdown()


def secure(server: ThreadingHTTPServer, file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)


def post(url: str, body: bytes = b"{}", seconds: float = 10) -> http.Response:
    return http.post(url, body=body, headers={"Content-Type": "application/json"}, deadline=time.monotonic() + seconds)


def test_what_is_sent_and_what_comes_back(server: ThreadingHTTPServer) -> None:
    authority = f"127.0.0.1:{server.server_port}"
    response = post(f"http://{authority}/a?b=c", b"text")
    assert json.loads(response.body) == {
        "path": "/a?b=c", "host": authority, "kind": "application/json", "body": "text",
    }  # fmt: skip
    assert (response.status, response.headers["x-two"], repr(response)) == (201, "a, b", "<Response 201>")


def test_the_connection_goes_where_the_name_led_when_it_was_checked(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["127.0.0.1"]]
    monkeypatch.setattr(addresses, "resolve", lambda host, port: answers.pop())
    response = post(f"http://{CITY}:{server.server_port}/")
    assert json.loads(response.body)["host"] == f"{CITY}:{server.server_port}"
    assert answers == []


def test_of_several_addresses_the_next_is_tried(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert post(f"http://{CITY}:{server.server_port}/").status == 201


def test_no_proxy_is_asked(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(f"http://127.0.0.1:{server.server_port}/").status == 201


@pytest.mark.parametrize("to_host", [CITY, "127.0.0.1"])
def test_the_certificate_must_be_the_host_s_and_from_whom_the_settings_name(
    server: ThreadingHTTPServer, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to_host: str
) -> None:
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["127.0.0.1"])
    names = [x509.DNSName(CITY), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    file = certificate(tmp_path, *names)
    secure(server, file)
    url = f"https://{to_host}:{server.server_port}/"
    with pytest.raises(http.Unusable):  # nobody whom this machine trusts has signed it
        post(url)
    settings.OUTBOUND_CA_FILE = str(certificate(tmp_path, *names))
    with pytest.raises(http.Unusable):
        post(url)
    settings.OUTBOUND_CA_FILE = str(file)
    assert post(url).status == 201
    with pytest.raises(http.Unusable):
        post(url.replace(to_host, "town.example"))


def test_who_speaks_no_tls_or_nothing_at_all(server: ThreadingHTTPServer) -> None:
    with pytest.raises(http.LineBroken):
        post(f"https://127.0.0.1:{server.server_port}/")
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(http.OutOfTime):
        post(f"https://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.2)


def test_what_may_not_be_called_is_not(settings: Any) -> None:
    settings.PRODUCTION = True
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(http.AddressNotAllowed):
            post(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
