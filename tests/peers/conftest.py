"""A service that really runs, on a web server, and the directory of an agency that may ask it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.committed import ROOT, migrated_var, run

# Two clients of Chofu, one with each kind of key; Mitaka holds the income of a person of Chofu's list.
SETUP = """
import json, sys
from pathlib import Path
from django.conf import settings
from joserfc.jwk import ECKey
from mynx import keys
from tests.api.sides import CHOFU, INCOME, new_country, new_side
country = new_country()
endpoint = settings.PORTAL_ORIGIN + "/api/oauth/token"
for name, side in {"ed25519": country.chofu, "p256": new_side(CHOFU, key=ECKey.generate_key("P-256"))}.items():
    own = Path(sys.argv[1]) / name
    own.mkdir()
    client = {"client_id": str(side.client.client_id), "token_endpoint": endpoint}
    (own / "client.json").write_text(json.dumps(client | {"private_jwk": side.key.as_dict(private=True)}))
    code = side.printed_code_for(country.hanako)
    (own / "people.csv").write_text(f"local_id,name,kana,birth_date,code\\n7,Hanako,,,{code}\\n")
    (own / "inquiry.json").write_text(json.dumps(country.inquiry(code=code)))
"""


@dataclass
class Live:
    """Where the service answers, and where the agency's directories lie (one for each kind of key)."""

    url: str
    port: int
    agencies: Path

    def client(self, kind: str) -> dict[str, Any]:
        own = self.agencies / kind
        found: dict[str, Any] = json.loads((own / "client.json").read_text())
        return found | {"inquiry": json.loads((own / "inquiry.json").read_text())}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, agencies = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("agencies")
    with migrated_var(tmp_path_factory.mktemp("live")) as env:
        env["MYNA_PORTAL_ORIGIN"] = url
        run(env, SETUP, str(agencies))
        command = [sys.executable, "-m", "gunicorn", "mynaportal.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
        with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
            try:
                _wait_for(f"{url}/livez", server)
                yield Live(url, port, agencies)
            finally:
                server.terminate()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, server.communicate()[0].decode()[-2000:]
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("The service did not start.")
