"""One command starts both servers, tells where, and stops both; a taken port is said in a sentence."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cards.reader import Pairing
from mynaportal.demo import cast, serving
from tests.committed import ROOT, migrated_var

pytestmark = pytest.mark.committed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with migrated_var(tmp_path_factory.mktemp("serving")) as env:
        yield env


def start(env: dict[str, str], port: int, reader_port: int) -> subprocess.Popen[str]:
    ports = ["--port", str(port), "--reader-port", str(reader_port), "--residents", str(cast.SIZE)]
    command = [sys.executable, "manage.py", "demo", *ports]
    # A group of its own, so that a Ctrl-C can be sent to it as a terminal does.
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**env, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if wanted in line:
            return said
    raise AssertionError(said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_three_doors_open_and_close(env: dict[str, str], number: signal.Signals) -> None:
    port, reader_port = free_port(), free_port()
    process = start(env, port, reader_port)
    try:
        said = read_until(process, "Ctrl-C")
        for door in (f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/desk/", f"http://127.0.0.1:{port}/api/"):
            assert door in said
        assert said.count("PIN 1234") >= 2
        client = re.search(r"client ([0-9a-f-]{36})", said)
        assert client is not None
        key_file = Path(env["MYNA_VAR_DIR"]) / "agencies" / "132080" / "client.json"
        assert str(key_file) in said
        # The client follows the port of today.
        assert f'"token_endpoint": "http://127.0.0.1:{port}/api/oauth/token"' in key_file.read_text()
        for url in (f"http://127.0.0.1:{port}/readyz", f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{reader_port}/"):
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own servers
                assert answer.status == 200
    finally:
        os.killpg(process.pid, number)
        rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0, rest
    assert "Stopped." in rest
    assert is_free(port)
    assert is_free(reader_port)


@pytest.mark.parametrize(("which", "variable"), [(0, "PORT"), (1, "READER_PORT")])
def test_a_taken_port_is_said_before_anything_starts(env: dict[str, str], which: int, variable: str) -> None:
    ports = [free_port(), free_port()]
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[which]))
        other.listen()
        process = start(env, ports[0], ports[1])
        said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert f"Port {ports[which]}" in said
    assert f"make demo {variable}=" in said
    assert "Traceback" not in said


def test_when_one_server_ends_the_other_is_stopped_and_the_command_fails(env: dict[str, str]) -> None:
    port, reader_port = free_port(), free_port()
    process = start(env, port, reader_port)
    read_until(process, "Ctrl-C")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    reader = next(pid for pid in children if "demo.reader" in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(int(reader), signal.SIGKILL)
    said, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "ended by itself" in said
    deadline = time.monotonic() + 10
    while not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert is_free(port)


def test_children_learn_each_others_address_and_the_readers_token(settings, tmp_path: Path) -> None:
    settings.READER_SECRET = tmp_path / "pairing.key"
    env = serving.environment(port=8110, reader_port=8112)
    assert env["MYNA_PORTAL_ORIGIN"] == "http://127.0.0.1:8110"
    assert env["MYNA_READER_ORIGIN"] == "http://127.0.0.1:8112"
    assert Pairing(settings.READER_SECRET).is_paired("http://127.0.0.1:8110", env["MYNA_READER_PAIRING"])
