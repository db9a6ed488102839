"""Custody: one file per key, one key for all who ask at once, and none of another door's."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keys import custody
from keys.custody import KeyNotHere

PURPOSE = "record-seal"
ROOT = Path(__file__).resolve().parents[2]
PROCESS = """
import sys, time
from pathlib import Path
from django.conf import settings
settings.configure(KEYS_DIR=Path(sys.argv[1]), KEY_PURPOSES={"race"}, KEYS_CREATE_MISSING=True)
from keys import custody
sys.stdin.readline()
print(custody.current("race").id, custody.current("race").material.hex())
"""


@pytest.fixture(autouse=True)
def directory(settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "keys"
    return settings.KEYS_DIR


def test_a_missing_key_is_made_once_and_readable_by_its_owner_only(directory):
    key = custody.current(PURPOSE)
    assert (key.id, len(key.material)) == (1, 32)
    assert custody.current(PURPOSE).material == key.material
    (file,) = directory.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("record-seal.1.key", 0o600)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_production_makes_no_key_by_itself(settings):
    settings.KEYS_CREATE_MISSING = False
    with pytest.raises(KeyNotHere):
        custody.current(PURPOSE)


def test_a_key_of_another_door_is_not_here(settings):
    settings.KEY_PURPOSES = frozenset({"record-subject"})
    for ask in (custody.current, custody.create, lambda purpose: custody.by_id(purpose, 1)):
        with pytest.raises(KeyNotHere):
            ask(PURPOSE)


def test_newest_first_and_old_ones_kept():
    first = custody.current(PURPOSE)
    custody.create(PURPOSE)
    assert [key.id for key in custody.every(PURPOSE)] == [2, 1]
    assert custody.by_id(PURPOSE, 1).material == first.material != custody.current(PURPOSE).material


def test_a_damaged_key_is_refused(directory):
    custody.current(PURPOSE)
    (directory / "record-seal.2.key").write_bytes(b"short")
    with pytest.raises(KeyNotHere):
        custody.current(PURPOSE)


def test_sixteen_threads_get_one_key(directory):
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: custody.current(PURPOSE).material, range(64)))
    assert len(set(keys)) == 1
    assert [file.name for file in directory.iterdir()] == ["record-seal.1.key"]


def test_processes_that_start_together_get_one_key(tmp_path):
    command = [sys.executable, "-c", PROCESS, str(tmp_path / "race")]
    racers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    printed = {racer.communicate(timeout=60)[0] for racer in racers}
    assert len(printed) == 1
    assert next(iter(printed)).startswith("1 ")


def test_repr_shows_nothing():
    assert repr(custody.current(PURPOSE)) == "<Key>"
