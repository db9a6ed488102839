"""A small country on real web servers with real commits, and callers who send signed requests over real lines.

    with served(directory, setup=SETUP) as country:     the databases, the rows that the script made, gunicorn
        answers = country.callers[0].ask(...)

The setup script runs once in a process of its own and prints JSON, which is `country.planted`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mynx import signatures
from tests.committed import ROOT, migrated_var, run

# As production runs it (Dockerfile).
GUNICORN = ["--worker-class", "gthread", "--workers", "2", "--threads", "8"]


@dataclass
class Country:
    """Where the service answers, the environment of its processes, and what was planted in its databases."""

    url: str
    env: dict[str, str]
    planted: dict[str, Any]
    server: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@contextmanager
def served(
    directory: Path,
    *,
    setup: str,
    arguments: tuple[str, ...] = (),
    engine: str = "",
    application: str = "mynaportal.wsgi",
    options: list[str] | None = None,
    **environment: str,
) -> Iterator[Country]:
    """Databases of the engine (PostgreSQL where there is one), planted by the script, behind a running gunicorn."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with migrated_var(directory, engine) as env:
        env |= {"MYNA_PORTAL_ORIGIN": f"http://127.0.0.1:{port}", **environment}
        planted = run(env, setup, *arguments)
        country = Country(env["MYNA_PORTAL_ORIGIN"], env, json.loads(planted or "{}"), None)  # type: ignore[arg-type]
        with open_doors(country, application=application, options=options):
            yield country


@contextmanager
def open_doors(
    country: Country, *, application: str = "mynaportal.wsgi", options: list[str] | None = None
) -> Iterator[Country]:
    """Start the country's web server and wait until it answers; at the end it is stopped, if it still runs."""
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{country.port}"]
    command += GUNICORN if options is None else options
    log = Path(country.env["MYNA_VAR_DIR"]) / "gunicorn.log"
    with log.open("ab") as out:
        country.server = subprocess.Popen(command, cwd=ROOT, env=country.env, stdout=out, stderr=out)
    try:
        _wait_for(f"{country.url}/livez", country.server, log)
        yield country
    finally:
        country.server.terminate()
        country.server.wait(timeout=60)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("The service did not start.")


@dataclass
class Caller:
    """An agency's client: it signs, and sends on a line of its own that it keeps open."""

    url: str
    client_id: str
    key: Mapping[str, Any]
    token: str
    _line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, repr=False)

    def signed(self, path: str, content: Mapping[str, Any]) -> bytes:
        """The bytes of one request by profile mynx-1."""
        body = json.dumps(content).encode()
        headers = {
            "content-type": "application/json",
            "content-digest": signatures.content_digest(body),
            "authorization": f"Bearer {self.token}",
        }
        asked = signatures.Request("POST", self.url + path, headers)
        headers |= signatures.sign_request(asked, key=self.key, keyid=self.client_id)
        headers |= {"host": self.url.partition("//")[2], "content-length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    async def send(self, request: bytes) -> tuple[int, dict[str, Any]]:
        """Send the bytes of a request and read its answer. Raises OSError, EOFError."""
        if self._line is None:
            host, _, port = self.url.partition("//")[2].partition(":")
            self._line = await asyncio.open_connection(host, int(port))
        reader, writer = self._line
        try:
            writer.write(request)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(fields["content-length"]))
        except BaseException:
            self.hang_up()
            raise
        if fields.get("connection", "") == "close":
            self.hang_up()
        return int(head[0].split()[1]), json.loads(body)

    def hang_up(self) -> None:
        """Close the line at once, whatever is still on its way."""
        if self._line is not None:
            self._line[1].transport.abort()
            self._line = None
