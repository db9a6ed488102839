"""A card whose process dies, or which many use at once: never more tries than its PIN has."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cards.chip.card import VirtualCard
from cards.chip.memory import CardFile
from tests.cards import chips
from tests.cards.chips import JPKI, PASSWORD, PIN, say, verify

ROOT = Path(__file__).resolve().parents[2]
PINS = [("00A4020C020018", PIN, "0000", 3), ("00A4020C02001B", PASSWORD, "WRONG1", 5)]

# A process that loses its power in the middle of VERIFY: at a durable write, before, or after.
_DIES = """
import os, sys
from pathlib import Path
from cards.chip import memory
from cards.chip.card import VirtualCard
path, select, pin, where = sys.argv[1:]
writes = 0
class Dying(memory.CardFile):
    def write(self, content):
        global writes
        writes += 1
        if where == f"before-{writes}": os._exit(9)
        super().write(content)
        if where == f"after-{writes}": os._exit(9)
compare = memory.Secret.matches
def matches(self, plain):
    right = compare(self, plain)
    if where == "compared": os._exit(9)
    return right
memory.Secret.matches = matches
card = VirtualCard(Dying(Path(path)))
card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
card.transmit(bytes.fromhex(select))
answer = card.transmit(bytes([0, 0x20, 0, 0x80, len(pin)]) + pin.encode())
if where == "before-answer": os._exit(9)
print(answer.hex())
"""


def _new(tmp_path: Path) -> CardFile:
    file = CardFile(tmp_path / "x.card")
    file.create(chips.memory())
    return file


def _verify_and_die(file: CardFile, select: str, pin: str, where: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _DIES, str(file.path), select, pin, where], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def _tries_left(file: CardFile, select: str) -> str:
    return say(VirtualCard(file), JPKI, select, "00200080")


@pytest.mark.parametrize(("select", "right", "wrong", "limit"), PINS)
def test_dying_before_the_answer_never_wins_a_try(tmp_path, select, right, wrong, limit) -> None:
    file = _new(tmp_path)
    for tried in range(1, limit + 1):
        # The attacker cuts the power as soon as the card has compared, or just before it answers.
        assert _verify_and_die(file, select, wrong, "compared" if tried % 2 else "before-answer") == (9, "")
        assert _tries_left(file, select) == f"63c{limit - tried:x}"
    assert _verify_and_die(file, select, right, "never") == (0, "6984")


def test_dying_never_leaves_half_a_card_and_costs_at_most_the_try(tmp_path) -> None:
    select = PINS[0][0]
    file = _new(tmp_path)
    for where, left in [("before-1", "63c3"), ("after-1", "63c2"), ("before-2", "63c1"), ("after-2", "63c3")]:
        assert _verify_and_die(file, select, PIN, where) == (9, "")
        assert _tries_left(file, select) == left
    assert _verify_and_die(file, select, PIN, "never") == (0, "9000")


def _accepted(answers: list[str]) -> int:
    """Tries that the card compared: everything but "blocked"."""
    return sum(answer != "6984" for answer in answers)


@pytest.mark.parametrize(("select", "right", "wrong", "limit"), PINS)
def test_32_threads_on_one_card_have_the_tries_of_one(tmp_path, select, right, wrong, limit) -> None:
    file = _new(tmp_path)
    start = threading.Barrier(32)

    def attack(_: int) -> str:
        card = VirtualCard(CardFile(file.path))
        say(card, JPKI, select)
        start.wait()
        return say(card, verify(wrong))

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(attack, range(32)))
    assert _accepted(answers) == limit
    assert sorted(set(answers)) == [*(f"63c{n}" for n in range(limit)), "6984"]
    assert say(VirtualCard(file), JPKI, select, verify(right)) == "6984"


_ATTACK = """
import sys
from pathlib import Path
from cards.chip.card import VirtualCard
from cards.chip.memory import CardFile
card = VirtualCard(CardFile(Path(sys.argv[1])))
card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001")); card.transmit(bytes.fromhex("00A4020C020018"))
sys.stdin.read()
for guess in range(8):
    print(card.transmit(bytes.fromhex("0020008004") + f"{guess:04}".encode()).hex())
"""


def test_processes_on_one_card_have_the_tries_of_one(tmp_path) -> None:
    file = _new(tmp_path)
    attackers = [
        subprocess.Popen(
            [sys.executable, "-c", _ATTACK, str(file.path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = "".join(attacker.communicate("")[0] for attacker in attackers).split()
    assert len(answers) == 32
    assert _accepted(answers) == 3
