"""Who may ask for a card: a site that the holder has allowed, and no program that only says that it is one."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from urllib.parse import urlencode

import pytest

from cards.reader import Pairing
from cards.reader.pairing import NotTheCode
from tests.cards.chips import PIN
from tests.cards.readers import FORM, PORTAL, Answer, Reader

OTHER = "https://other.example"


def ask(reader: Reader, **changes: str) -> Answer:
    """What a browser sends for a site that is not allowed yet, or a program that claims to be one."""
    return reader.call("POST", "/sign", urlencode({**FORM, **changes}), Origin=PORTAL)


def press(reader: Reader, page: Answer, action: str, **fields: str) -> Answer:
    form = {"token": page.field("token"), "action": action, **fields}
    return reader.call("POST", "/sign/answer", urlencode(form), Origin=reader.own)


def wrong(reader: Reader) -> str:
    return f"{(int(reader.shown[-1]) + 1) % 1_000_000:06}"


# --- the token --------------------------------------------------------------------------------------------------------


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "reader" / "pairing.key"
    first, again = Pairing(path), Pairing(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["pairing.key"]
    assert first.token(PORTAL) == again.token(PORTAL)
    path.unlink()
    assert not Pairing(path).is_paired(PORTAL, first.token(PORTAL))


def test_a_token_is_of_one_site_and_one_reader(tmp_path: Path) -> None:
    here, there = Pairing(tmp_path / "here"), Pairing(tmp_path / "there")
    token = here.token(PORTAL)
    assert here.is_paired(PORTAL, token)
    assert not there.is_paired(PORTAL, token)
    for origin in (OTHER, "http://portal.example", f"{PORTAL}:444"):
        assert not here.is_paired(origin, token)
    for forged in ("", token[:-1], token + "A", token.swapcase(), "花"):
        assert not here.is_paired(PORTAL, forged)


def test_a_broken_secret_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "pairing.key").write_bytes(b"")
    with pytest.raises(ValueError, match="Remove it"):
        Pairing(tmp_path / "pairing.key")


# --- the digits -------------------------------------------------------------------------------------------------------


def test_digits_work_once_and_new_ones_follow(tmp_path: Path) -> None:
    shown: list[str] = []
    pairing = Pairing(tmp_path / "pairing.key", shown.append)
    pairing.allow(shown[0])
    assert len(shown) == 2
    assert all(len(code) == 6 and code.isdigit() for code in shown)
    if shown[0] != shown[1]:
        with pytest.raises(NotTheCode):
            pairing.allow(shown[0])


def test_after_five_wrong_guesses_the_right_digits_are_refused_too(tmp_path: Path) -> None:
    shown: list[str] = []
    pairing = Pairing(tmp_path / "pairing.key", shown.append)
    for number in range(1, 6):
        assert pairing.is_open
        with pytest.raises(NotTheCode):
            pairing.allow(f"{(int(shown[0]) + number) % 1_000_000:06}")
    assert not pairing.is_open
    with pytest.raises(NotTheCode):
        pairing.allow(shown[0])
    assert len(shown) == 1


def test_a_reader_that_shows_no_digits_takes_none(tmp_path: Path) -> None:
    pairing = Pairing(tmp_path / "pairing.key")
    assert not pairing.is_open
    for code in ("", "000000"):
        with pytest.raises(NotTheCode):
            pairing.allow(code)


# --- the pages --------------------------------------------------------------------------------------------------------


def test_the_first_time_costs_one_page_and_brings_the_token(reader: Reader) -> None:
    reader.put_in()
    first = ask(reader)
    assert (first.status, "May this site use the card reader?" in first.text, PORTAL in first.text) == (200, True, True)
    code = reader.shown[-1]
    asked = press(reader, first, "allow", code=f" {code[:3]} {code[3:]}")
    assert "Sign in to the portal" in asked.text
    done = reader.press(asked.field("token"))
    assert done.field("pairing") == reader.pairing.token(PORTAL)
    assert "Sign in to the portal" in ask(reader, pairing=done.field("pairing")).text


def test_until_then_nothing_is_told_of_any_card(reader: Reader) -> None:
    reader.put_in()
    for page in (ask(reader), ask(reader, pairing="A" * 43), ask(reader, pairing=reader.pairing.token(OTHER))):
        for action in ("sign", "again", "allow", "language", ""):
            page = press(reader, page, action, code=wrong(reader) if action == "allow" else "", card="hanako", pin=PIN)
            assert ("YAMADA" in page.text, "signature" in page.text, 'name="pin"' in page.text) == (False,) * 3
    with reader.put_in("other").opened() as memory:
        assert memory.pins["authentication"].tries_left == 3


def test_a_program_that_guesses_is_stopped_and_the_page_says_what_to_do(reader: Reader) -> None:
    reader.put_in()
    page = ask(reader)
    for _ in range(4):
        page = press(reader, page, "allow", code=wrong(reader))
        assert "not the digits" in page.text
    assert "start it again" in press(reader, page, "allow", code=wrong(reader)).text
    refused = ask(reader)
    assert "may not use the card reader" in refused.text
    assert "token" not in refused.text
    assert "Sign in to the portal" in reader.sign().text


def test_full_width_digits_are_digits(reader: Reader) -> None:
    reader.put_in()
    code = reader.shown[-1].translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    page = reader.call("POST", "/sign", urlencode({**FORM, "language": "ja"}), Origin=PORTAL)
    assert "カードリーダーの使用を許可しますか" in page.text
    assert "暗証番号" in press(reader, page, "allow", code=code).text


def test_status_tells_a_stranger_only_that_the_reader_runs(reader: Reader) -> None:
    reader.put_in()
    for token in ("", "A" * 43, reader.pairing.token(OTHER)):
        answer = reader.call("GET", "/status", Origin=PORTAL, Reader_Pairing=token)
        assert (answer.status, json.loads(answer.text)) == (200, {"paired": False})
    preflight = reader.call("OPTIONS", "/status", Origin=PORTAL, Access_Control_Request_Headers="reader-pairing")
    assert preflight.headers["Access-Control-Allow-Headers"] == "Reader-Pairing"


def test_neither_digits_nor_token_are_logged(reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    reader.put_in()
    code, token = reader.shown[-1], reader.pairing.token(PORTAL)
    press(reader, ask(reader), "allow", code=code)
    ask(reader, pairing=token)
    assert repr(reader.pairing) == "<Pairing>"
    assert code not in caplog.text
    assert token not in caplog.text
