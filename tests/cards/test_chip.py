"""The chip by the fact sheet, sections 5.2 and 6.2: files, PINs, status words, signatures."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from cards.chip import apdu, personalisation
from cards.chip.card import ALARM_LIMIT, VirtualCard
from cards.chip.memory import CardFile, CardRemoved, MemoryStore
from tests.cards import chips
from tests.cards.chips import CODE_B, COMMON, JPKI, NUMBER, PASSWORD, PIN, SUPPORT, say, sign_command, verify

AUTH_PIN, SIGN_PIN = "00A4020C020018", "00A4020C02001B"
AUTH_KEY, SIGN_KEY = "00A4020C020017", "00A4020C02001A"
QUERY = "00200080"


@pytest.mark.parametrize(
    ("commands", "status"),
    [
        (["00A4040C0AA000000003000000000000"], "6a82"),
        (["00A4040C05A000000003"], "6a82"),  # other drivers' probes are never answered 9000
        (["00A40000023F00"], "6a82"),
        (["00A4000C"], "6a82"),
        (["00CA0101 00"], "6d00"),
        (["80CB0000 00"], "6d00"),
        (["B0200080"], "6e00"),
        (["00A4040C 0A D392F000260100000002"], "6a82"),
        ([JPKI], "9000"),
        ([JPKI, "00A4020C02DEAD"], "6a82"),
        ([JPKI, "00A4020C0100"], "6700"),
        ([JPKI, "00A4040C 09 D392F0002601000000"], "6a82"),
        (["00B0000004"], "6986"),
        ([JPKI, "00B0000004"], "6986"),
        ([JPKI, AUTH_PIN, "00B0000004"], "6981"),
        ([JPKI, "00A4020C02000A", QUERY], "6981"),
        ([JPKI, AUTH_PIN, "00200180 04 31323334"], "6a86"),
        ([JPKI, AUTH_PIN, "00200018 04 31323334"], "6a86"),
        ([JPKI, "00A4020C02000A", "00B00000"], "6700"),
        ([JPKI, "00A4020C02000A", "00B07F0004"], "6b00"),
        ([JPKI, "00A4020C02000A", "00B0020404"], "6b00"),
    ],
)
def test_status_words(commands: list[str], status: str) -> None:
    assert say(chips.card(), *[c.replace(" ", "") for c in commands])[-4:] == status


def test_short_reads_end_with_9000() -> None:
    card = chips.card()
    answer = say(card, JPKI, "00A4020C02000A", "00B0020000")  # 516 bytes: the last four
    assert (answer[-4:], len(answer) // 2 - 2) == ("9000", 4)
    assert len(say(card, "00B00000000000")) // 2 - 2 == 516  # extended length


def test_the_signature_certificate_wants_the_password_and_the_other_does_not() -> None:
    card = chips.card()
    assert say(card, JPKI, "00A4020C020001", "00B0000004") == "6982"
    assert say(card, "00A4020C02000A", "00B0000004") == "308202009000"
    assert say(card, SIGN_PIN, verify(PASSWORD)) == "9000"
    assert say(card, "00A4020C020001", "00B0000004") == "308202009000"


def test_a_wrong_pin_counts_down_blocks_and_says_so() -> None:
    card = chips.card()
    say(card, JPKI, AUTH_PIN)
    assert [say(card, verify("0000")) for _ in range(4)] == ["63c2", "63c1", "63c0", "6984"]
    assert say(card, verify(PIN)) == "6984"
    assert say(card, QUERY) == "63c0"
    assert say(card, AUTH_KEY, sign_command(b"x")) == "6982"


def test_opensc_may_be_told_6983() -> None:
    card = chips.card(blocked_status=apdu.AUTHENTICATION_BLOCKED)
    say(card, JPKI, AUTH_PIN, *[verify("0000")] * 3)
    assert say(card, verify(PIN)) == "6983"


def test_the_signature_password_has_five_tries_and_knows_upper_case_only() -> None:
    card = chips.card()
    say(card, JPKI, SIGN_PIN)
    assert say(card, verify(PASSWORD.lower())) == "63c4"
    assert [say(card, verify("XXXXXX1")) for _ in range(5)] == ["63c3", "63c2", "63c1", "63c0", "6984"]
    assert say(card, AUTH_PIN, verify(PIN)) == "9000"  # the other PIN is not touched


def test_a_right_pin_gives_the_tries_back() -> None:
    card = chips.card()
    say(card, JPKI, AUTH_PIN, verify("0000"), verify("0000"))
    assert say(card, verify(PIN)) == "9000"
    assert say(card, QUERY) == "63c3"  # a question is always answered 63Cx


def test_a_wrong_pin_closes_what_a_right_one_opened() -> None:
    card = chips.card()
    say(card, JPKI, AUTH_PIN, verify(PIN), verify("0000"))
    assert say(card, AUTH_KEY, sign_command(b"x")) == "6982"


def test_pin_state_lasts_over_the_same_application_not_over_another_or_power_off() -> None:
    card = chips.card()
    say(card, JPKI, AUTH_PIN, verify(PIN), JPKI)
    assert say(card, AUTH_KEY, sign_command(b"x"))[-4:] == "9000"
    say(card, SUPPORT, JPKI)
    assert say(card, AUTH_KEY, sign_command(b"x")) == "6982"
    say(card, AUTH_PIN, verify(PIN))
    card.power_off()
    assert say(card, JPKI, AUTH_KEY, sign_command(b"x")) == "6982"


@pytest.mark.parametrize(
    ("pin_file", "pin", "key_file", "name"),
    [(AUTH_PIN, PIN, AUTH_KEY, "authentication"), (SIGN_PIN, PASSWORD, SIGN_KEY, "signature")],
)
def test_signatures_verify_under_the_chips_public_key(pin_file: str, pin: str, key_file: str, name: str) -> None:
    card = chips.card()
    answer = bytes.fromhex(say(card, JPKI, pin_file, verify(pin), key_file, sign_command(b"message")))
    key = serialization.load_der_public_key(chips.public_keys()[name])
    key.verify(answer[:-2], b"message", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(answer[:-2], b"other", padding.PKCS1v15(), hashes.SHA256())


def test_one_pin_does_not_open_the_other_key() -> None:
    card = chips.card()
    assert say(card, JPKI, AUTH_PIN, verify(PIN), SIGN_KEY, sign_command(b"x")) == "6982"
    assert say(card, SIGN_PIN, verify(PASSWORD)) == "9000"
    card.power_off()
    assert say(card, JPKI, SIGN_PIN, verify(PASSWORD), AUTH_KEY, sign_command(b"x")) == "6982"


@pytest.mark.parametrize(
    "data",
    [
        "302f300b0609608648016503040201" + "0420" + "11" * 32,  # no NULL parameters
        "3031300d060960864801650304020105000420" + "11" * 31,
        "3031300d060960864801650304020105000420" + "11" * 33,
        "308131300d060960864801650304020105000420" + "11" * 32,  # length not in the shortest form
        "3080300d060960864801650304020105000420" + "11" * 32 + "0000",
        "3021300906052b0e03021a05000414" + "11" * 20,  # SHA-1
        "11" * 32,
        "00",
    ],
)
def test_only_strict_digest_infos_are_signed(data: str) -> None:
    card = chips.card()
    say(card, JPKI, AUTH_PIN, verify(PIN), AUTH_KEY)
    assert say(card, f"802A0080{len(data) // 2:02x}{data}00") == "6a80"


def test_other_hashes_are_signed() -> None:
    card = chips.card()
    say(card, JPKI, AUTH_PIN, verify(PIN), AUTH_KEY)
    data = bytes.fromhex("3051300d060960864801650304020305000440") + hashlib.sha512(b"m").digest()
    answer = bytes.fromhex(say(card, f"802A0080{len(data):02x}{data.hex()}00"))
    key = serialization.load_der_public_key(chips.public_keys()["authentication"])
    key.verify(answer[:-2], b"m", padding.PKCS1v15(), hashes.SHA512())


def test_sign_by_short_identifier() -> None:
    card = chips.card()
    say(card, JPKI, verify(PIN, 0x98))
    assert say(card, sign_command(b"x", 0x97))[-4:] == "9000"
    assert say(card, sign_command(b"x", 0x8A)) == "6981"
    assert say(card, sign_command(b"x", 0x9F)) == "6a82"


def test_a_holder_changes_the_pin_after_showing_the_old_one() -> None:
    card = chips.card()
    say(card, JPKI, AUTH_PIN)
    assert say(card, "002401800435363738") == "6982"
    say(card, verify(PIN))
    assert say(card, "002401800335363738"[:-2]) == "6a80"
    assert say(card, "0024018004414243 44".replace(" ", "")) == "6a80"
    assert say(card, "002401800435363738") == "9000"
    assert say(card, AUTH_KEY, sign_command(b"x"))[-4:] == "9000"
    assert say(card, AUTH_PIN, verify(PIN)) == "63c2"
    assert say(card, verify("5678")) == "9000"


def test_a_pin_that_another_session_changed_counts_no_longer() -> None:
    store = MemoryStore(chips.memory())
    one, two = VirtualCard(store), VirtualCard(store)
    say(one, JPKI, AUTH_PIN, verify(PIN))
    say(two, JPKI, AUTH_PIN, verify(PIN), "002401800435363738")
    assert say(one, AUTH_KEY, sign_command(b"x")) == "6982"


def test_number_and_attributes_want_a_pin_or_what_is_printed() -> None:
    card = chips.card()
    assert say(card, SUPPORT, "00B0810000") == "6982"
    assert say(card, "00B0820000") == "6982"
    say(card, verify(PIN, 0x91))
    assert say(card, "00B0810000") == "ff100c" + NUMBER.encode().hex() + "ffff9000"
    assert "山田　花子".encode().hex() in say(card, "00B0820000")
    card.power_off()
    say(card, SUPPORT, verify(NUMBER, 0x94))
    assert say(card, "00B0810000")[-4:] == "9000"
    assert say(card, "00B0820000") == "6982"
    card.power_off()
    say(card, SUPPORT, verify(CODE_B, 0x95))
    assert say(card, "00B0820000")[-4:] == "9000"
    assert say(card, "00B0810000") == "6982"


def test_the_printed_codes_cannot_be_changed() -> None:
    card = chips.card()
    say(card, SUPPORT, verify(NUMBER, 0x94))
    assert say(card, "002401940c" + "30" * 12) == "6985"


def test_the_common_application_names_serial_municipality_and_last_day() -> None:
    card = chips.card()
    answer = bytes.fromhex(say(card, COMMON, "00B2010C00"))
    assert (answer[:2].hex(), len(answer), answer[-10:-2], answer[-15:-10]) == ("011c", 32, b"20360415", b"13208")
    assert say(card, "00B2020C00") == "6a83"
    assert say(card, "00B0810000") == "6981"


def test_attempts_on_locked_secrets_destroy_the_keys() -> None:
    store = MemoryStore(chips.memory())
    card = VirtualCard(store)
    say(card, JPKI, SIGN_PIN, verify(PASSWORD), AUTH_PIN, *[verify("0000")] * 3)
    assert say(card, SIGN_KEY, sign_command(b"x"))[-4:] == "9000"
    for _ in range(ALARM_LIMIT):
        assert say(card, AUTH_PIN, verify("0000")) == "6984"
    assert say(card, SIGN_KEY) == "6a82"
    with store.opened() as memory:
        assert (memory.keys, memory.destroyed) == ({}, True)
        assert not {"number", "attributes", "signature-certificate"} & memory.files.keys()


def test_a_card_without_signature_function() -> None:
    store = MemoryStore(personalisation.manufacture(surface=chips.SURFACE, pin=PIN, signature_password=None))
    assert list(personalisation.make_keys(store)) == ["authentication"]
    card = VirtualCard(store)
    assert say(card, JPKI, SIGN_PIN) == "6a82"
    assert say(card, JPKI, SIGN_KEY) == "6a82"


@pytest.mark.parametrize(("pin", "password"), [("123", PASSWORD), ("12a4", PASSWORD), (PIN, "abc123"), (PIN, "ABCDEF")])
def test_pins_have_their_form(pin: str, password: str) -> None:
    with pytest.raises(personalisation.BadPin) as raised:
        personalisation.manufacture(surface=chips.SURFACE, pin=pin, signature_password=password)
    assert pin not in str(raised.value)
    assert password not in str(raised.value)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_is_private_whole_and_without_pins(tmp_path) -> None:
    path = tmp_path / "cards" / "hanako.card"
    file = CardFile(path)
    file.create(chips.memory())
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert f'"{PIN}"' not in text
    assert PASSWORD not in text
    assert [p.name for p in path.parent.iterdir() if p.suffix == ".draft"] == []
    with file.opened() as memory:
        assert memory.to_bytes() == chips.memory().to_bytes()


def test_a_card_is_not_made_over_another(tmp_path) -> None:
    file = CardFile(tmp_path / "x.card")
    file.create(chips.memory())
    with pytest.raises(FileExistsError):
        file.create(chips.memory())


def test_a_removed_card_answers_no_more(tmp_path) -> None:
    file = CardFile(tmp_path / "x.card")
    file.create(chips.memory())
    card = VirtualCard(file)
    assert say(card, JPKI) == "9000"
    (tmp_path / "x.removed").touch()
    with pytest.raises(CardRemoved):
        say(card, JPKI)
    (tmp_path / "x.removed").unlink()
    assert say(card, JPKI) == "9000"
    (tmp_path / "x.card").unlink()
    with pytest.raises(CardRemoved):
        say(card, JPKI)


def test_nothing_shows_what_a_card_holds(tmp_path) -> None:
    memory = chips.memory()
    for thing in (memory, memory.pins["authentication"], chips.card(), CardFile(tmp_path / "x.card"), chips.SURFACE):
        shown = repr(thing) + str(thing)
        assert "花子" not in shown
        assert NUMBER not in shown
        assert memory.pins["authentication"].salt.hex() not in shown
