"""Who may call the reader, and what never leaves it."""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
from pathlib import Path
from urllib.parse import urlencode

import pytest

from cards.reader import Pairing, ReaderServer
from cards.reader.protocol import is_origin, is_return_path
from tests.cards.chips import PIN
from tests.cards.readers import FORM, PORTAL, Answer, Reader

# --- who may call -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "portal.example:8002", "127.0.0.1.evil.example:{port}", ""]
)
def test_another_host_name_is_refused_everywhere(reader: Reader, host: str) -> None:
    reader.put_in()
    host = host.format(port=reader.port)
    for method, path in [
        ("GET", "/"),
        ("GET", "/status"),
        ("GET", "/reader.css"),
        ("POST", "/sign"),
        ("OPTIONS", "/status"),
    ]:
        if host:
            answer = reader.call(
                method, path, urlencode(reader.form) if method == "POST" else "", Host=host, Origin=PORTAL
            )
        else:
            answer = _without_host(reader, method, path)
        assert answer.status == 403
        assert "hanako" not in answer.text


def _without_host(reader: Reader, method: str, path: str) -> Answer:
    with socket.create_connection(("127.0.0.1", reader.port), timeout=10) as connection:
        connection.sendall(f"{method} {path} HTTP/1.0\r\n\r\n".encode())
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return Answer(int(text.split()[1]), http.client.HTTPMessage(), text)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://portal.example",
        "https://portal.example:444",
        "null",
        "",
        "file://",
        "https://portal.example/",
    ],
)
def test_an_unknown_site_may_not_ask(reader: Reader, origin: str) -> None:
    reader.put_in()
    answer = reader.call("POST", "/sign", urlencode(reader.form), Origin=origin)
    assert (answer.status, "This site may not ask" in answer.text) == (403, True)
    assert "token" not in answer.text


@pytest.mark.parametrize("origin", [PORTAL, "https://evil.example", "null", "", "http://localhost:{port}"])
def test_a_pin_comes_from_the_readers_own_page_only(reader: Reader, origin: str) -> None:
    file = reader.put_in()
    token = reader.sign().field("token")
    answer = reader.press(token, pin="0000", Origin=origin.format(port=reader.port))
    assert answer.status == 403
    with file.opened() as memory:
        assert memory.pins["authentication"].tries_left == 3


def test_under_the_name_localhost_it_works_too(reader: Reader) -> None:
    reader.put_in()
    host = f"localhost:{reader.port}"
    asked = reader.call("POST", "/sign", urlencode(reader.form), Origin=PORTAL, Host=host)
    assert "signature" in reader.press(asked.field("token"), Host=host, Origin=f"http://{host}").text


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge": "1"},
        {"challenge": "6D1D8A52-7C0F-4F0E-9A53-2F1F6C8A4E10"},
        {"nonce": "N" * 42},
        {"nonce": "N" * 42 + "\n"},
        {"session": "zz" * 32},
        {"purpose": "sign-contract"},
        {"return_to": "//evil.example/"},
        {"return_to": "https://evil.example/"},
        {"return_to": "/\\evil.example"},
        {"return_to": "/../x"},
        {"return_to": "@evil.example/"},
        {"return_to": ""},
    ],
)
def test_malformed_requests_are_refused(reader: Reader, changes: dict[str, str]) -> None:
    reader.put_in()
    answer = reader.sign(**changes)
    assert (answer.status, "malformed" in answer.text) == (400, True)


def test_bodies_that_are_no_form(reader: Reader) -> None:
    reader.put_in()
    cases = [
        reader.call("POST", "/sign", "x" * 9000, Origin=PORTAL),
        reader.call("POST", "/sign", urlencode(FORM) + "&purpose=confirm", Origin=PORTAL),
        reader.call("POST", "/sign", json.dumps(FORM), Origin=PORTAL, Content_Type="application/json"),
        reader.call("POST", "/sign", "challenge=%ff", Origin=PORTAL),
        reader.call("POST", "/sign", "", Origin=PORTAL),
        reader.call("POST", "/sign", "a=1", Origin=PORTAL, Content_Length="-5"),
    ]
    assert [case.status for case in cases] == [413, 400, 400, 400, 400, 400]


def test_status_is_for_known_sites_and_without_names(reader: Reader) -> None:
    reader.put_in()
    answer = reader.call("GET", "/status", Origin=PORTAL, Reader_Pairing=reader.pairing.token(PORTAL))
    assert json.loads(answer.text) == {"paired": True, "cards": [{"slug": "hanako", "state": "ready"}]}
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert reader.call("GET", "/status").status == 403
    foreign = reader.call("GET", "/status", Origin="https://evil.example")
    assert (foreign.status, foreign.headers["Access-Control-Allow-Origin"]) == (403, None)


def test_preflight_for_private_networks(reader: Reader) -> None:
    asked = {"Access_Control_Request_Private_Network": "true", "Access_Control_Request_Method": "GET"}
    answer = reader.call("OPTIONS", "/status", Origin=PORTAL, **asked)
    assert (answer.status, answer.headers["Access-Control-Allow-Private-Network"]) == (204, "true")
    foreign = reader.call("OPTIONS", "/status", Origin="https://evil.example", **asked)
    assert (foreign.status, foreign.headers["Access-Control-Allow-Private-Network"]) == (403, None)
    assert reader.call("OPTIONS", "/sign", Origin=PORTAL, **asked).status == 403


def test_it_listens_on_the_loopback_address_only(reader: Reader) -> None:
    assert reader.server.server_address[0] == "127.0.0.1"


def test_every_page_has_its_headers(reader: Reader) -> None:
    reader.put_in()
    for answer in (
        reader.call("GET", "/"),
        reader.sign(),
        reader.call("GET", "/nowhere"),
        reader.call("GET", "/status"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert (answer.headers["Cache-Control"], answer.headers["X-Frame-Options"]) == ("no-store", "DENY")
    assert not re.search(r"<style|\sstyle=|<script>|\son\w+=", reader.sign().text)


def test_names_are_escaped(reader: Reader) -> None:
    reader.put_in(name="<b>&花子")
    page = reader.call("POST", "/sign", urlencode(reader.form), Origin=PORTAL, Accept_Language="ja")
    assert "&lt;b&gt;&amp;花子" in page.text


def test_neither_pin_nor_challenge_is_logged_or_in_an_address(reader: Reader, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    reader.put_in()
    page = reader.sign()
    done = reader.press(reader.press(page.field("token"), pin="9753").field("token"))
    reader.call("GET", "/?pin=9753")
    reader.call("GET", "/9753")
    log = caplog.text
    for secret in ("9753", PIN, FORM["challenge"], FORM["nonce"], FORM["session"], page.field("token"), "花子"):
        assert secret not in log
    for answer in (page, done):
        for address in re.findall(r'(?:action|href)="([^"]*)"', answer.text):
            assert "?" not in address
            assert FORM["challenge"] not in address


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("http://127.0.0.1:8000", True), ("https://portal.example", True), ("http://[::1]:8000", True),
        ("ftp://x", False), ("https://x/", False), ("https://x\n", False), ("https://a@b", False), ("HTTPS://X", False),
        ("null", False), ("", False),
    ],
)  # fmt: skip
def test_origins(text: str, good: bool) -> None:
    assert is_origin(text) == good


def test_return_paths() -> None:
    assert is_return_path("/desk/sign-in/answer/")
    assert not any(is_return_path(path) for path in ("", "x", "//x", "/a?b", "/a b", "/a\n", "/" + "a" * 300))


def test_a_wrong_portal_origin_is_noticed_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without a path"):
        ReaderServer(0, tmp_path, ["https://portal.example/"], Pairing(tmp_path / "pairing.key"))


def test_a_files_name_is_no_way_out(reader: Reader) -> None:
    (reader.directory / "broken.card").write_text("{")
    reader.put_in()
    assert reader.status()["cards"] == [{"slug": "hanako", "state": "ready"}]
