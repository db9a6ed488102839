"""A running reader for tests, and a browser for it."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization

from cards.chip.memory import CardFile
from cards.reader import Pairing, ReaderServer
from cards.reader.protocol import signed_message
from tests.cards import chips
from tests.cards.chips import PIN
from tests.cards.test_pki import AUTH, LATER, NOW, keyfiles

PORTAL = "https://portal.example"
FORM = {
    "challenge": "6d1d8a52-7c0f-4f0e-9a53-2f1f6c8a4e10",
    "nonce": "N" * 43,
    "session": "5e" * 32,
    "purpose": "sign-in",
    "return_to": "/sign-in/answer/",
}
MESSAGE = signed_message(origin=PORTAL, purpose="sign-in", session=FORM["session"], nonce=FORM["nonce"])


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    text: str

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, f"no field {name}"
        return found[1]


class Reader:
    """A running reader and a browser for it. Cards are put in and taken out as files."""

    def __init__(self, directory: Path, **options: object) -> None:
        self.directory = directory
        self.shown: list[str] = []
        self.pairing = Pairing(directory / "reader" / "pairing.key", self.shown.append)
        self.server = ReaderServer(0, directory, [PORTAL], self.pairing, **options)
        self.port = self.server.server_port
        self.own = f"http://127.0.0.1:{self.port}"

    def put_in(self, slug: str = "hanako", *, name: str = "山田　花子") -> CardFile:
        file = CardFile(self.directory / f"{slug}.card")
        memory = chips.memory()
        memory.printed["name"] = name
        authority = keyfiles.create(self.directory / "pki", AUTH, generation=1, at=NOW)
        key = serialization.load_der_public_key(chips.public_keys()["authentication"])
        certificate = authority.issue(public_key=key, not_before=NOW, not_after=LATER, attributes=None)
        memory.files["authentication-certificate"] = chips.der(certificate)
        file.create(memory)
        return file

    def call(self, method: str, path: str, body: str = "", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"Host": f"127.0.0.1:{self.port}", "Accept-Language": "en"}
        if method == "POST":
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body.encode(), {name: value for name, value in sent.items() if value})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode())
        connection.close()
        return answer

    @property
    def form(self) -> dict[str, str]:
        """What the page of a site that the holder has allowed sends."""
        return {**FORM, "pairing": self.pairing.token(PORTAL)}

    def sign(self, **changes: str) -> Answer:
        return self.call("POST", "/sign", urlencode({**self.form, **changes}), Origin=PORTAL)

    def status(self) -> dict[str, object]:
        return json.loads(self.call("GET", "/status", Origin=PORTAL, Reader_Pairing=self.pairing.token(PORTAL)).text)

    def press(
        self, token: str, action: str = "sign", *, card: str = "hanako", pin: str = PIN, **headers: str
    ) -> Answer:
        form = {"token": token, "action": action, "card": card, "pin": pin}
        return self.call("POST", "/sign/answer", urlencode(form), **{"Origin": self.own, **headers})


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    yield from running(Reader(tmp_path))


def running(reader: Reader) -> Iterator[Reader]:
    thread = threading.Thread(target=reader.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield reader
    reader.server.shutdown()
    thread.join()
    reader.server.server_close()
