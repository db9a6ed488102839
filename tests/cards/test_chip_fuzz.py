"""Random and mutated commands: never an exception, never a secret without its PIN, no counter that rises by itself."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cards.chip.card import VirtualCard
from cards.chip.memory import MemoryStore
from tests.cards import chips
from tests.cards.chips import (
    BIRTH,
    CODE_B,
    COMMON,
    JPKI,
    LIBRARY,
    NUMBER,
    PASSWORD,
    PIN,
    REGISTRY,
    SEAL,
    STAFF,
    SUPPORT,
    SURFACE_CHECK,
    sign_command,
)  # fmt: skip
from tests.support import scaled

COMMANDS_PER_EXAMPLE = 100
RIGHT = {PIN.encode(), PASSWORD.encode(), NUMBER.encode(), CODE_B.encode(), BIRTH.encode()}
_SHORT = [
    0x00, 0x01, 0x02, 0x05, 0x06, 0x08, 0x0A, 0x0B, 0x11, 0x12, 0x13, 0x14, 0x15, 0x17, 0x18, 0x1A, 0x1B, 0x1C, 0x1F,
]  # fmt: skip

_KNOWN = [
    JPKI, SUPPORT, COMMON, SURFACE_CHECK, REGISTRY, LIBRARY, SEAL, STAFF, "0084000010", "00820091 10" + "41" * 16,
    "00B0000000", "00B0810000", "00B0820000", "00B0000004", "00B00000000000", "00B2010C00",
    "00200080", "0020008004 30303030", "0020009804 30303030", "0020009104 31313131", "002001800435363738",
    "0024018004 35363738", "002400800435363738", "80320080 04 35363738", sign_command(b"x"), sign_command(b"x", 0x97),
    *(f"00A4020C02{number:04X}" for number in _SHORT),
    *(f"002000{0x80 | number:02X}06 414141313131" for number in _SHORT),
]  # fmt: skip
_COMMANDS = [bytes.fromhex(command.replace(" ", "")) for command in _KNOWN]
_known = st.sampled_from(_COMMANDS)
_structured = st.builds(
    lambda cla, ins, p1, p2, data, le: bytes([cla, ins, p1, p2]) + (bytes([len(data)]) + data if data else b"") + le,
    st.sampled_from([0x00, 0x00, 0x80, 0x10, 0xFF]),
    st.sampled_from([0xA4, 0xB0, 0xB2, 0x20, 0x24, 0x2A, 0x32, 0x82, 0x84, 0xCA, 0xCB, 0x88]),
    st.one_of(st.sampled_from([0, 1, 2, 4, 0x80, 0x81, 0x82]), st.integers(0, 255)),
    st.one_of(st.sampled_from([0, 0x0C, 0x80, *(0x80 | n for n in _SHORT)]), st.integers(0, 255)),
    st.binary(max_size=32),
    st.sampled_from([b"", b"\x00", b"\x04", b"\x00\x00", b"\x00\x00\x00"]),
)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    command = bytearray(draw(_known))
    for _ in range(draw(st.integers(1, 3))):
        if command:
            command[draw(st.integers(0, len(command) - 1))] = draw(st.integers(0, 255))
    return bytes(command[: draw(st.integers(0, len(command)))]) + draw(st.binary(max_size=2))


_command = st.one_of(_known, _structured, _mutated(), st.binary(max_size=300))


class _Counted:
    commands = 0


@pytest.mark.soak
def test_a_million_commands() -> None:
    """1,000,000 at `make soak`. `make test` runs a tenth of a tenth of it, to stay short; the figure is printed."""
    stated = scaled(1_000_000)
    wanted = stated if stated == 1_000_000 else stated // 5
    counted = _Counted()

    @settings(
        max_examples=wanted // COMMANDS_PER_EXAMPLE,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.lists(_command, min_size=8, max_size=12))
    def attack(random, drawn: list[bytes]) -> None:
        store = MemoryStore(chips.memory())
        card = VirtualCard(store)
        secrets = _secrets(store)
        for _ in range(COMMANDS_PER_EXAMPLE):
            command = random.choice(_COMMANDS if random.random() < 0.6 else drawn)
            if random.random() < 0.4 and command:
                position = random.randrange(len(command))
                command = command[:position] + bytes([random.randrange(256)]) + command[position + 1 :]
            if any(right in command for right in RIGHT):
                continue
            before = _tries(store)
            answer = card.transmit(command)
            counted.commands += 1
            assert len(answer) >= 2
            assert command[1:2] != b"\x2a" or len(answer) == 2  # no PIN was right, so nothing is signed
            assert not any(secret in answer for secret in secrets)
            assert all(after <= before[name] for name, after in _tries(store).items())

    attack()
    print(f"{counted.commands} commands")
    assert counted.commands >= wanted * 0.9


def _tries(store: MemoryStore) -> dict[str, int]:
    return {name: pin.tries_left for name, pin in store._memory.pins.items()}


def _secrets(store: MemoryStore) -> list[bytes]:
    memory = store._memory
    parts = [
        memory.files["number"][3:15],
        memory.files["attributes"][:20],
        memory.files["face"][-60:-40],
        memory.files["record-code"][3:],
        memory.files["seal-registration"],
        memory.files["staff-card"],
        *(pin.value for pin in memory.pins.values()),
    ]
    return [*parts, *(key[-64:][:32] for key in memory.keys.values())]
