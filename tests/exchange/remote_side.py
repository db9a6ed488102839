"""Mitaka answers from its own system: a real one (mynx), or one that does exactly what a test says, right or wrong."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone
from joserfc.jwk import OKPKey

from agencies import clients
from agencies.models import ApiClient
from codes.rist1 import format_code
from exchange import service_key, statute
from exchange.providers import own_systems, remote
from exchange.providers.question import Held, Question
from holdings.periods import Period
from holdings.provide import Provision
from mynx import keys, signatures
from mynx.agency import Agency as AgencySide
from mynx.client import Service
from mynx.holdings import Holdings
from mynx.provider import Provider
from mynx.serve import ProviderServer
from tests.exchange.people import (
    CHOFU,
    HANAKO,
    KEY,
    LOCAL_TAX,
    MITAKA,
    SALARY,
    TOTAL_INCOME,
    agency,
    code_at,
)

INCOME = "4120000"
CSV = f"""local_id,code,data_set,item,value,null_reason,period
7,,{LOCAL_TAX},{TOTAL_INCOME},{INCOME},,2026
7,,{LOCAL_TAX},{SALARY},,NOT_APPLICABLE,2026
7,,{LOCAL_TAX},{TOTAL_INCOME},1,,2025
"""
ITEMS = [{"code": TOTAL_INCOME, "value": INCOME}, {"code": SALARY, "null_reason": "NOT_APPLICABLE"}]
GOOD = {"outcome": "0000", "items": ITEMS}


@dataclass
class Key:
    """A client's key, and the name by which its agency's answers are signed."""

    jwk: dict[str, Any]
    client: ApiClient

    @property
    def keyid(self) -> str:
        return str(self.client.client_id)


def new_key(local_code: str) -> Key:
    key = OKPKey.generate_key("Ed25519")
    client = clients.register(agency=agency(local_code), jwk=key.as_dict(private=False))
    return Key(key.as_dict(private=True), client)


def question(**changes: Any) -> Question:
    """Chofu's question about Hanako's income; `changes` say what is different."""
    facts = {
        "provider": agency(MITAKA),
        "inquirer": agency(CHOFU),
        "rule": statute.rules()["I01"],
        "data_set": LOCAL_TAX,
        "items": [TOTAL_INCOME, SALARY],
        "condition": Period(fiscal_year=2026),
        "reference": str(uuid.uuid4()),
        "ends_at": timezone.now() + timedelta(seconds=20),
        "codes": [code_at(agency(MITAKA), HANAKO)],
    }
    return Question(**{**facts, **changes})


def ask(asked: Question | None = None, **changes: Any) -> Provision | Held:
    """The question, put to Mitaka as it is registered now."""
    asked = asked or question(**changes)
    return remote.ask(replace(asked, provider=agency(MITAKA)), at=timezone.now())


def directory_of(key: Key, where: Path) -> AgencySide:
    """Mitaka's own files: keys, and Hanako under the id 7."""
    where.mkdir(exist_ok=True)
    client = {"client_id": key.keyid, "token_endpoint": "http://127.0.0.1:9/api/oauth/token", "private_jwk": key.jwk}
    (where / "client.json").write_text(json.dumps(client))
    (where / "code_key.json").write_text(json.dumps({"private_key": keys.to_text(KEY)}))
    code = format_code(code_at(agency(MITAKA), HANAKO))
    (where / "people.csv").write_text(f"local_id,name,kana,birth_date,code\n7,山田　花子,,1990-04-15,{code}\n")
    side = AgencySide(where)
    side.pin(service_key.public_keys())
    return side


@contextmanager
def real_system(key: Key, where: Path, *, csv: str = CSV, **options: Any) -> Iterator[ProviderServer]:
    """Mitaka's system as mynx runs it, registered as its address."""
    side = directory_of(key, where)
    (where / "holdings.csv").write_text(csv)
    codes = {local_id: code for code, local_id in side.local_ids().items()}
    provider = Provider(side, Holdings.read(where / "holdings.csv", codes=codes), **options)
    with ProviderServer(provider, Service(side), port=0) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        own_systems.register(agency=agency(MITAKA), url=server.url)
        yield server
        server.shutdown()


@dataclass
class Asked:
    """One request as it came over the line, with what signs the answers to it."""

    line: socket.socket
    request: signatures.Request
    body: bytes
    key: Key

    def send(self, data: bytes) -> None:
        self.line.sendall(data)

    def answer(
        self,
        content: Any = GOOD,
        *,
        status: int = 200,
        key: Key | None = None,
        keyid: str | None = None,
        request: signatures.Request | None = None,
        at: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        """The bytes of a signed answer; the options say what is wrong with it."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        signer = key or self.key
        found = {"content-digest": signatures.content_digest(body)}
        message = signatures.Response(status, found, request or self.request)
        found |= signatures.sign_response(message, key=signer.jwk, keyid=keyid or signer.keyid, at=at)
        return http_answer(status, found | (headers or {}), body)


Act = Callable[[Asked], None]


def http_answer(status: int, headers: dict[str, str], body: bytes) -> bytes:
    head = {"content-length": str(len(body)), "content-type": "application/json"} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value)
    return f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode() + body


def good(asked: Asked) -> None:
    asked.send(asked.answer())


def says(content: Any, **options: Any) -> Act:
    return lambda asked: asked.send(asked.answer(content, **options))


def busy(asked: Asked) -> None:
    asked.send(http_answer(503, {}, b"{}"))


@dataclass
class Scripted:
    """A system that treats each connection as the next act says, and then as the last one did."""

    key: Key
    acts: Sequence[Act]
    requests: list[signatures.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while not self.over.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            act = self.acts[min(len(self.bodies), len(self.acts) - 1)]
            threading.Thread(target=self._treat, args=(line, act), daemon=True).start()

    def _treat(self, line: socket.socket, act: Act) -> None:
        with line, line.makefile("rb") as reader:
            first = reader.readline()
            if not first:
                return
            headers = {}
            while head := reader.readline().strip():
                name, _, value = head.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = reader.read(int(headers.get("content-length", 0)))
            request = signatures.Request(first.split()[0].decode(), self.url, headers)
            self.requests.append(request)
            self.bodies.append(body)
            with contextlib.suppress(OSError):  # the other side has left
                act(Asked(line, request, body, self.key))

    def stall(self, asked: Asked) -> None:
        """Nothing comes until the test is over."""
        self.over.wait(30)

    def drip(self, asked: Asked) -> None:
        """One byte after the other, each in time."""
        for byte in asked.answer():
            if self.over.wait(0.02):
                return
            asked.send(bytes([byte]))


@contextmanager
def scripted_system(key: Key, *acts: Act) -> Iterator[Scripted]:
    """Mitaka's system as the test says, registered as its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        system = Scripted(key, acts, url=f"http://127.0.0.1:{listener.getsockname()[1]}/inquiries")
        threading.Thread(target=system.serve, args=(listener,), daemon=True).start()
        own_systems.register(agency=agency(MITAKA), url=system.url)
        try:
            yield system
        finally:
            system.over.set()
            # A thread that waits in accept() keeps the port: one last connection wakes it.
            socket.create_connection(listener.getsockname()).close()
