"""A second implementation, in another language: Node with the npm package http-message-signatures.

Where node or npm is missing, or the package cannot be fetched, the tests are skipped and say why.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mynx import signatures
from mynx.signatures import NotGenuine
from tests.api.sides import INCOME
from tests.mynx.vectors import ED25519, P256
from tests.peers.conftest import Live

pytestmark = pytest.mark.committed

HERE = Path(__file__).parent / "node"
NO_LINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "E403", "E503")
Node = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Runs one command of the client in JavaScript, installed by its lock file into a directory of the test."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("node and npm are not on this machine")
    directory = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "client.js"):
        shutil.copy(HERE / name, directory)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    installed = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
    if any(sign in installed.stderr for sign in NO_LINE):
        pytest.skip(f"npm cannot fetch the package here: {installed.stderr.strip()[-200:]}")
    assert installed.returncode == 0, installed.stderr

    def run(act: str, content: dict[str, Any]) -> dict[str, Any]:
        (directory / "settings.json").write_text(json.dumps(content))
        done = subprocess.run(
            [program, "client.js", act, "settings.json"], cwd=directory, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_node_gets_a_token_asks_and_verifies_our_answer(live: Live, node: Node, kind: str) -> None:
    answer = node("inquire", live.client(kind))
    assert (answer["status"], answer["content"]["items"][0]["value"]) == (200, INCOME)
    assert answer["isVerified"] is True
    assert answer["isVerifiedForAnother"] is False
    assert answer["isVerifiedWithAnotherBody"] is False


def test_node_verifies_our_refusals_too(live: Live, node: Node) -> None:
    settings = live.client("ed25519")
    answer = node("inquire", settings | {"inquiry": settings["inquiry"] | {"provider": "900019"}})
    assert (answer["status"], answer["content"]["code"], answer["isVerified"]) == (403, "2001", True)


@pytest.mark.parametrize("key", [ED25519, P256], ids=["ed25519", "p256"])
def test_our_client_verifies_an_answer_that_node_signed(node: Node, key: dict[str, str]) -> None:
    request = {
        "method": "POST",
        "url": "https://exchange.example/api/v1/inquiries",
        "headers": {"signature": "mynx=:bm90IGxvb2tlZCBhdA==:"},
    }
    answer = node("answer", {"private_jwk": key, "request": request})
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    asked = signatures.Request(request["method"], request["url"], request["headers"])
    response = signatures.Response(200, headers, asked)
    service_keys = [key | {"kid": "peer"}]
    signatures.verify_response(response, answer["body"].encode(), service_keys=service_keys)
    other = signatures.Request("POST", request["url"], {"signature": "mynx=:YW5vdGhlcg==:"})
    with pytest.raises(NotGenuine):
        signatures.verify_response(
            signatures.Response(200, headers, other), answer["body"].encode(), service_keys=service_keys
        )
