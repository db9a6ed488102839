"""Surface check, resident registry, and the free area: each application with its own rule."""

from __future__ import annotations

import hmac

import pytest

from cards.chip import personalisation
from cards.chip.card import VirtualCard
from cards.chip.memory import MemoryStore
from tests.cards import chips
from tests.cards.chips import (
    BIRTH,
    CODE_B,
    JPKI,
    LIBRARY,
    NUMBER,
    PIN,
    RECORD_CODE,
    REGISTRY,
    SEAL,
    STAFF,
    SURFACE,
    SURFACE_CHECK,
    TERMINAL,
    say,
    verify,
)

AGE, FACE, NUMBER_IMAGE = "00B0810000", "00B0820000", "00B0850000"


def _prove(card: VirtualCard, key: bytes) -> str:
    challenge = bytes.fromhex(say(card, "0084000010")[:-4])
    return say(card, "0082009110" + hmac.digest(key, challenge, "sha256")[:16].hex())


def test_the_birth_date_opens_the_age_and_nothing_else() -> None:
    card = chips.card()
    assert say(card, SURFACE_CHECK, AGE) == "6982"
    assert say(card, verify(BIRTH, 0x91)) == "9000"
    assert say(card, AGE) == "ff1011" + "df1108" + b"19900415".hex() + "df1200" + "df1300" + "9000"
    assert say(card, FACE) == "6982"
    assert say(card, NUMBER_IMAGE) == "6982"


def test_what_is_printed_on_the_front_opens_the_front() -> None:
    card = chips.card()
    assert say(card, SURFACE_CHECK, verify(CODE_B, 0x92)) == "9000"
    face = say(card, FACE)
    assert face[-4:] == "9000"
    assert "山田　花子".encode().hex() in face
    assert say(card, AGE)[-4:] == "9000"
    assert say(card, NUMBER_IMAGE) == "6982"


def test_what_is_printed_on_the_back_opens_the_number() -> None:
    card = chips.card()
    assert say(card, SURFACE_CHECK, verify(NUMBER, 0x93)) == "9000"
    assert say(card, NUMBER_IMAGE)[:-4] == "ff100c" + NUMBER.encode().hex() + "ffff"
    assert say(card, FACE) == "6982"
    assert say(card, "0024019306" + "30" * 6) == "6985"  # printed codes cannot be changed


def test_the_photo_is_on_the_chip_and_stays_there_when_the_surface_is_rewritten() -> None:
    photo = b"\xff\xd8\xff" + b"photo" * 100
    store = MemoryStore(personalisation.blank(surface=SURFACE, photo=photo))
    personalisation.rewrite_surface(store, surface=SURFACE)
    card = VirtualCard(store)
    say(card, SURFACE_CHECK, verify(CODE_B, 0x92))
    assert photo.hex() in say(card, "00B08200000000")
    with store.opened() as memory:
        face, names = memory.files["face"], 9
        head = face.index(b"\xdf\x21")
        offsets = face[head + 3 : head + 3 + 4 * names]
        for number in range(names):
            at = int.from_bytes(offsets[4 * number : 4 * number + 4], "big")
            assert face[at : at + 2] == bytes([0xDF, 0x22 + number])


def test_the_registrys_pin_opens_the_record_code_and_is_changed_in_its_own_way() -> None:
    card = chips.card()
    assert say(card, REGISTRY, "00B0820000") == "6982"
    assert say(card, "00A4020C02001C", "00200080") == "63c3"
    assert say(card, verify("0000")) == "63c2"
    assert say(card, verify(PIN)) == "9000"
    assert say(card, "00B0820000") == "ff100b" + RECORD_CODE.encode().hex() + "9000"
    assert say(card, "00A4020C02001C", "0024018004" + "35363738") == "6d00"
    assert say(card, "8032008004" + "35363738") == "9000"
    assert say(card, verify(PIN)) == "63c2"
    assert say(card, verify("5678")) == "9000"
    assert say(card, JPKI, "00A4020C020018", verify(PIN)) == "9000"  # the other PINs are not touched
    assert say(card, "8032008004" + "35363738") == "6d00"


def test_an_application_that_is_not_installed_is_not_there() -> None:
    store = MemoryStore(personalisation.blank(surface=SURFACE))
    card = VirtualCard(store)
    for application in (LIBRARY, SEAL, STAFF):
        assert say(card, application) == "6a82"
    personalisation.install(store, name="library", content=b"L-1")
    assert say(card, LIBRARY, "00B0810000") == b"L-1".hex() + "9000"  # free to read, as a library's card is
    personalisation.remove(store, name="library")
    assert say(card, "00B0810000") == "6a82"
    card.power_off()
    assert say(card, LIBRARY) == "6a82"


def test_the_seal_registration_has_a_pin_of_its_own() -> None:
    card = chips.card()
    assert say(card, JPKI, "00A4020C020018", verify(PIN), SEAL, "00B0810000") == "6982"
    assert say(card, verify("9999", 0x91)) == "63c2"
    assert say(card, verify(PIN, 0x91)) == "9000"
    assert say(card, "00B0810000") == b"SEAL-0042".hex() + "9000"


def test_a_staff_card_is_read_by_its_owners_terminals_only() -> None:
    card = chips.card()
    assert say(card, STAFF, "00B0810000") == "6982"
    assert say(card, verify(PIN, 0x91)) == "6981"
    assert _prove(card, bytes(32)) == "6300"
    assert say(card, "00B0810000") == "6982"
    assert _prove(card, TERMINAL) == "9000"
    assert say(card, "00B0810000") == b"STAFF-0042".hex() + "9000"
    assert _prove(card, bytes(32)) == "6300"
    assert say(card, "00B0810000") == "6982"  # a wrong proof closes what a right one opened
    _prove(card, TERMINAL)
    assert say(card, LIBRARY, STAFF, "00B0810000") == "6982"  # and so does another application
    _prove(card, TERMINAL)
    card.power_off()
    assert say(card, STAFF, "00B0810000") == "6982"


def test_a_terminals_proof_serves_one_challenge() -> None:
    card = chips.card()
    challenge = bytes.fromhex(say(card, STAFF, "0084000010")[:-4])
    proof = "0082009110" + hmac.digest(TERMINAL, challenge, "sha256")[:16].hex()
    assert say(card, proof) == "9000"
    assert say(card, proof) == "6985"
    say(card, "0084000010")
    assert say(card, proof) == "6300"


@pytest.mark.parametrize(
    ("command", "status"),
    [("00840000", "6700"), ("0084000004", "6700"), ("0084010010", "6a86"), ("0082001110" + "00" * 16, "6a86"),
     ("0082009210" + "00" * 16, "6a82"), ("0082008110" + "00" * 16, "6981")],
)  # fmt: skip
def test_status_words_of_terminals(command: str, status: str) -> None:
    assert say(chips.card(), STAFF, command)[-4:] == status


@pytest.mark.parametrize(("name", "secret"), [("seal", b"12"), ("staff", b"short"), ("staff", None), ("seal", None)])
def test_each_is_installed_with_its_secret(name: str, secret: bytes | None) -> None:
    store = MemoryStore(chips.memory())
    with pytest.raises(personalisation.BadPin):
        personalisation.install(store, name=name, content=b"x", secret=secret)
