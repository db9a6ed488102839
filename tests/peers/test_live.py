"""Over a real line and a real web server: the command line, and header fields that come twice."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from mynx import signatures
from mynx.agency import Agency
from mynx.client import Service
from tests.api.sides import INCOME
from tests.committed import ROOT
from tests.peers.conftest import Live

pytestmark = pytest.mark.committed


def mynx(live: Live, kind: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mynx", "--agency", str(live.agencies / kind), *arguments]
    env = {"PATH": os.environ["PATH"]}  # nothing of Django's
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_the_command_line_asks_and_keeps_its_own_record(live: Live, kind: str) -> None:
    asked = live.client(kind)["inquiry"]
    items = [part for item in asked["items"] for part in ("--item", item)]
    done = mynx(
        live, kind, "inquire", "--person", "7", "--provider", asked["provider"], "--affair", asked["affair"],
        "--data-set", asked["data_set"], "--case-number", "CA-1", "--clerk", "K-1", *items,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["items"][0]["value"] == INCOME
    assert answer["record"] in mynx(live, kind, "records").stdout
    assert json.loads(mynx(live, kind, "keys").stdout)["keys"][0]["crv"] == "Ed25519"


def signed(live: Live) -> tuple[dict[str, str], bytes]:
    service, body = Service(Agency(live.agencies / "ed25519")), b'{"limit": 1}'
    headers = {
        "content-type": "application/json",
        "content-digest": signatures.content_digest(body),
        "authorization": f"Bearer {service.token()}",
    }
    asked = signatures.Request("POST", f"{live.url}/api/v1/codes/collect", headers)
    return headers | signatures.sign_request(asked, key=service.key, keyid=service.client_id), body


def send(live: Live, fields: list[tuple[str, str]], body: bytes) -> tuple[int, dict[str, Any]]:
    """The bytes of one HTTP/1.1 request, with header fields exactly as given."""
    fields = [("host", f"127.0.0.1:{live.port}"), ("connection", "close"), *fields]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as line:
        line.sendall(f"POST /api/v1/codes/collect HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    start, _, content = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(content) if content.startswith(b"{") else {}


def test_the_bytes_of_a_request_are_taken(live: Live) -> None:
    headers, body = signed(live)
    status, content = send(live, [*headers.items(), ("content-length", str(len(body)))], body)
    assert (status, content) == (200, {"codes": []})


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest", "authorization"])
def test_a_header_field_that_comes_twice_is_refused(live: Live, name: str) -> None:
    headers, body = signed(live)
    twice = [*headers.items(), (name, headers[name]), ("content-length", str(len(body)))]
    assert send(live, twice, body)[0] == 401


def test_two_lengths_or_none_are_refused(live: Live) -> None:
    headers, body = signed(live)
    assert send(live, [*headers.items(), ("content-length", "12"), ("content-length", "13")], body)[0] == 400
    assert send(live, [*headers.items(), ("content-length", "0")], b"")[1]["type"].endswith("/digest-mismatch")
