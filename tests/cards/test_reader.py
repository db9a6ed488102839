"""The reader over HTTP: who may call it, what its pages say, what it sends back."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from cards.chip import personalisation
from cards.chip.memory import CardFile
from cards.reader import pending
from cards.reader.texts import TEXTS, choose_language
from tests.cards import chips
from tests.cards.chips import PIN
from tests.cards.readers import FORM, MESSAGE, PORTAL, Reader, running

# --- the way through --------------------------------------------------------------------------------------------------


def test_a_right_pin_goes_back_with_a_signature_on_what_the_reader_saw(reader: Reader) -> None:
    reader.put_in()
    asked = reader.sign()
    assert (asked.status, "Sign in to the portal" in asked.text, PORTAL in asked.text) == (200, True, True)
    assert "YAMADA HANAKO (山田　花子)" in asked.text
    done = reader.press(asked.field("token"))
    assert f'action="{PORTAL}/sign-in/answer/"' in done.text
    assert done.field("challenge") == FORM["challenge"]
    certificate = x509.load_der_x509_certificate(base64.b64decode(done.field("certificate")))
    signature = base64.b64decode(done.field("signature"))
    certificate.public_key().verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert "花子" not in done.text


def test_the_signed_text_is_as_the_protocol_says() -> None:
    assert MESSAGE.decode().split("\n") == ["mynaportal/card/1", PORTAL, "sign-in", FORM["session"], FORM["nonce"]]


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", ["山田　花子さんのカード", "暗証番号"]), ("en-GB,en;q=0.9,ja;q=0.8", ["PIN", "Cancel"])],
)
def test_pages_speak_the_browsers_language(reader: Reader, language: str, words: list[str]) -> None:
    reader.put_in()
    answer = reader.call("POST", "/sign", urlencode(reader.form), Origin=PORTAL, Accept_Language=language)
    assert f'<html lang="{language[:2]}">' in answer.text
    assert all(word in answer.text for word in words)


def test_the_portal_may_name_the_language_and_the_holder_may_change_it(reader: Reader) -> None:
    reader.put_in()
    page = reader.sign(language="ja")
    assert '<html lang="ja">' in page.text
    page = reader.press(page.field("token"), "language")
    assert '<html lang="en">' in page.text
    assert "certificate" in reader.press(page.field("token")).text


def test_both_dictionaries_have_the_same_words() -> None:
    assert TEXTS["ja"].keys() == TEXTS["en"].keys()
    for name, text in TEXTS["ja"].items():
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", TEXTS["en"][name]), name


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "ja"), ("fr", "ja"), ("en", "en"), ("fr,en;q=0.5", "en"), ("en;q=0.1,ja", "ja"), ("en;q=x,ja;q=0.2", "ja")],
)
def test_choosing_a_language(header: str, language: str) -> None:
    assert choose_language(header) == language


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_wrong_pins_count_down_and_the_fourth_try_finds_a_locked_card(reader: Reader) -> None:
    reader.put_in()
    reader.put_in("taro", name="山田　太郎")
    page = reader.sign()
    for left in (2, 1):
        page = reader.press(page.field("token"), pin="0000")
        assert f"Tries left before it is locked: {left}." in page.text
        assert 'value="hanako" required checked' in page.text
    blocked = reader.press(page.field("token"), pin="0000")
    assert "The PIN is locked" in blocked.text
    page = reader.sign()
    assert "PIN is locked" in page.text
    assert "The PIN is locked" in reader.press(page.field("token")).text
    assert reader.status()["cards"][0] == {"slug": "hanako", "state": "locked"}


def test_a_locked_card_alone_says_so_at_once(reader: Reader) -> None:
    file = reader.put_in()
    with file.opened() as memory:
        memory.pins["authentication"] = replace(memory.pins["authentication"], tries_left=0)
        file.write(memory)
    assert "municipality&#x27;s counter" in reader.sign().text


@pytest.mark.parametrize("pin", ["", "123", "12345", "12a4", "١٢٣٤ ", "12\n4"])
def test_a_pin_of_the_wrong_form_costs_no_try(reader: Reader, pin: str) -> None:
    file = reader.put_in()
    page = reader.press(reader.sign().field("token"), pin=pin)
    assert "as four digits" in page.text
    with file.opened() as memory:
        assert memory.pins["authentication"].tries_left == 3


def test_full_width_digits_are_digits(reader: Reader) -> None:
    reader.put_in()
    assert "signature" in reader.press(reader.sign().field("token"), pin="１２３４").text


def test_no_card_and_then_one(reader: Reader) -> None:
    page = reader.sign()
    assert "No card found" in page.text
    reader.put_in()
    assert "Sign in to the portal" in reader.press(page.field("token"), "again").text


@pytest.mark.parametrize("how", ["removed", "deleted"])
def test_a_card_taken_away_in_between(reader: Reader, how: str) -> None:
    file = reader.put_in()
    page = reader.sign()
    if how == "deleted":
        file.path.unlink()
    else:
        file.path.with_suffix(".removed").touch()
    page = reader.press(page.field("token"))
    assert "The card was removed" in page.text
    assert "No card found" in reader.press(page.field("token"), "again").text


def test_cancelling_uses_nothing_and_sends_nothing(reader: Reader) -> None:
    reader.put_in()
    page = reader.press(reader.sign().field("token"), "cancel")
    assert "Nothing was sent" in page.text
    assert f'href="{PORTAL}/"' in page.text
    assert "signature" not in page.text


def test_a_page_works_once(reader: Reader) -> None:
    reader.put_in()
    token = reader.sign().field("token")
    assert "signature" in reader.press(token).text
    assert "no longer valid" in reader.press(token).text
    assert "no longer valid" in reader.press("guess").text


def test_a_page_dies_after_five_minutes(reader: Reader, monkeypatch) -> None:
    reader.put_in()
    token = reader.sign().field("token")
    monkeypatch.setattr(pending, "_LIFETIME_SECONDS", -1)
    assert "no longer valid" in reader.press(token).text


@pytest.mark.parametrize("slug", ["nobody", "../hanako", "", "hanako.card"])
def test_a_card_that_is_not_there(reader: Reader, slug: str) -> None:
    reader.put_in()
    assert "signature" not in reader.press(reader.sign().field("token"), card=slug).text


# --- first insertion --------------------------------------------------------------------------------------------------


def _blank(reader: Reader) -> CardFile:
    file = CardFile(reader.directory / "hanako.card")
    file.create(
        chips.quick(personalisation.manufacture(surface=chips.SURFACE, pin=PIN, signature_password=chips.PASSWORD))
    )
    return file


def test_keys_are_made_at_first_use_through_the_hook(tmp_path: Path) -> None:
    seen = []

    def make_keys(slug: str) -> None:
        seen.append(slug)
        file = CardFile(tmp_path / f"{slug}.card")
        personalisation.make_keys(file)
        der = b"\x30\x82\x01\x00" + bytes(256)
        personalisation.write_certificates(
            file, certificates={"authentication": der}, authorities={"authentication": der}
        )

    for reader in running(Reader(tmp_path, on_first_insertion=make_keys)):
        _blank(reader)
        assert reader.status() == {"paired": True, "cards": [{"slug": "hanako", "state": "new"}]}
        for _ in range(2):
            assert len(base64.b64decode(reader.press(reader.sign().field("token")).field("signature"))) == 256
    assert seen == ["hanako"]


@pytest.mark.parametrize("hook", [None, lambda slug: 1 / 0])
def test_a_card_that_cannot_be_made_ready(tmp_path: Path, hook: object, caplog) -> None:
    for reader in running(Reader(tmp_path, on_first_insertion=hook)):
        _blank(reader)
        assert "cannot be used yet" in reader.press(reader.sign().field("token")).text
