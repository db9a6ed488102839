"""A small country on real web servers with real commits, and callers who send signed requests over real lines.

    with served(directory, setup=PLANT, arguments=("50",)) as country:    databases, planted rows, gunicorn
        line = caller(country)
        status, answer = await line.send(line.signed(DIRECT, question(country, 7)))

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
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codes import blind
from codes.rist1 import parse_code
from mynx import signatures
from mynx.keys import to_text
from tests.committed import ROOT, migrated_var, run
from tests.exchange import people

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
    with migrated_var(directory, engine) as env:
        country = planted_on(env | environment, setup, *arguments)
        with open_doors(country, application=application, options=options):
            yield country


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def redis() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis server of its own, in memory only: its URL and its process."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL) as server:
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    assert server.poll() is None
                    time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0", server
        finally:
            server.kill()


def planted_on(env: dict[str, str], setup: str, *arguments: str) -> Country:
    """A country on these databases, planted by the script, its doors still closed."""
    env = env | {"MYNA_PORTAL_ORIGIN": f"http://127.0.0.1:{free_port()}"}
    planted = run(env, setup, *arguments)
    return Country(env["MYNA_PORTAL_ORIGIN"], env, json.loads(planted or "{}"), None)  # type: ignore[arg-type]


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
class Line:
    """One connection, kept open from request to request."""

    url: str
    _open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, repr=False, kw_only=True)

    async def fetch(self, request: bytes) -> tuple[int, bytes]:
        """Send the bytes of a request and read its answer. Raises OSError, EOFError."""
        if self._open is None:
            host, _, port = self.url.partition("//")[2].partition(":")
            self._open = await asyncio.open_connection(host, int(port), limit=2**20)
        reader, writer = self._open
        try:
            writer.write(request)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(fields["content-length"]))
        except BaseException:
            self.hang_up()
            raise
        if fields.get("connection", "") == "close":
            self.hang_up()
        return int(head[0].split()[1]), body

    def hang_up(self) -> None:
        """Close the connection at once, whatever is still on its way."""
        if self._open is not None:
            self._open[1].transport.abort()
            self._open = None


@dataclass
class Caller(Line):
    """An agency's client: it signs, and sends on a line of its own."""

    client_id: str
    key: Mapping[str, Any]
    token: str

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
        """As `fetch`, for an answer in JSON."""
        status, body = await self.fetch(request)
        return status, json.loads(body)


# Chofu asks Mitaka, direct or blind, about as many persons as the first argument says. An income names its person.
PLANT = """
import json, sys
from django.conf import settings
from django.utils import timezone
from joserfc.jwk import OKPKey
from agencies import clients
from agencies.models import Agency
from api import tokens
from codes.rist1 import format_code
from holdings import hosted
from tests.exchange import people
from tests.faults.country import income_of
people.ready()
settings.ACCESS_TOKEN_SECONDS = 24 * 3600
chofu = people.agency(people.CHOFU)
hosted.deposit(agency=people.MITAKA, private_key=people.KEY)
callers = {}
for each in (people.CHOFU, people.MITAKA, people.FUCHU):
    key = OKPKey.generate_key("Ed25519")
    client = str(clients.register(agency=people.agency(each), jwk=key.as_dict(private=False)).client_id)
    token = tokens.issue(client_id=client, thumbprint=key.thumbprint(), at=timezone.now())
    callers[each] = client, key.as_dict(private=True), token
persons = [number.to_bytes(32, "big") for number in range(int(sys.argv[1]))]
for number, person in enumerate(persons):
    people.hold_income(person, income_of(number))
print(json.dumps({
    "callers": callers,
    "codes": [format_code(people.code_at(chofu, person)) for person in persons],
    "code_keys": [
        bytes(each.code_public_key).hex() for each in (people.agency(people.MITAKA), Agency.objects.portal())
    ],
}))
"""
DIRECT, BLIND = "/api/v1/inquiries", "/api/v1/inquiries/blind"


def income_of(number: int) -> int:
    return 1_000_000 + number


def question(country: Country, number: int, *, is_blind: bool = False) -> dict[str, Any]:
    """Chofu's question about a planted person."""
    about: dict[str, Any] = {
        "provider": people.MITAKA,
        "affair": people.CHILD_ALLOWANCE,
        "data_set": people.LOCAL_TAX,
        "items": [people.TOTAL_INCOME],
        "condition": {"fiscal_year": 2026},
        "case_number": "2026-0042",
    }
    code, transaction = country.planted["codes"][number], uuid.uuid4()
    if not is_blind:
        return about | {"code": code}
    parsed = parse_code(code)
    bound = blind.transaction_of(
        inquirer=people.CHOFU, epoch=parsed.epoch, provider=people.MITAKA, number=transaction.bytes
    )
    keys = blind.Keys(*map(bytes.fromhex, country.planted["code_keys"]))
    hidden = blind.ask(parsed.value, keys=keys, transaction=bound)
    parts = {name: to_text(part) for name, part in hidden._asdict().items()}
    return about | {"question": parts, "epoch": parsed.epoch, "transaction": str(transaction)}


def caller(country: Country, who: str = people.CHOFU) -> Caller:
    """The client of Chofu, Mitaka or Fuchu, with a line of its own."""
    return Caller(country.url, *country.planted["callers"][who])
