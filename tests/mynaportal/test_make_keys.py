"""Keys are made for the doors of the process, once, and readable by their owner alone."""

from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from keys import custody
from mynaportal import doors


@pytest.fixture
def desk(settings: Any, tmp_path: Path) -> Any:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.PKI_DIR = tmp_path / "keys" / "pki"
    settings.MYNA_DOORS = ["desk"]
    settings.KEY_PURPOSES = doors.purposes_of(["desk"])
    settings.KEYS_CREATE_MISSING = False
    return settings


def test_every_purpose_gets_one_key(desk: Any) -> None:
    call_command("make_keys", stdout=StringIO())
    made = {path.name.split(".")[0] for path in desk.KEYS_DIR.glob("*.key")}
    assert made == set(desk.KEY_PURPOSES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in desk.KEYS_DIR.glob("*.key")} == {0o600}
    assert stat.S_IMODE(desk.KEYS_DIR.stat().st_mode) == 0o700


def test_a_second_run_makes_nothing(desk: Any) -> None:
    call_command("make_keys", stdout=StringIO())
    before = {path.name: path.read_bytes() for path in desk.KEYS_DIR.glob("*.key")}
    out = StringIO()
    call_command("make_keys", stdout=out)
    assert out.getvalue() == ""
    assert {path.name: path.read_bytes() for path in desk.KEYS_DIR.glob("*.key")} == before


def test_the_next_key_becomes_current_and_the_old_one_stays(desk: Any) -> None:
    call_command("make_keys", stdout=StringIO())
    call_command("make_keys", next="number-seal", stdout=StringIO())
    assert [key.id for key in custody.every("number-seal")] == [2, 1]


def test_another_doors_key_is_refused(desk: Any) -> None:
    with pytest.raises(CommandError, match="No purpose of this name"):
        call_command("make_keys", next="access-token", stdout=StringIO())


def test_nothing_of_a_key_is_printed(desk: Any) -> None:
    out = StringIO()
    call_command("make_keys", stdout=out)
    for path in desk.KEYS_DIR.glob("*.key"):
        assert path.read_bytes().hex() not in out.getvalue()


def test_only_the_keys_of_the_doors_are_copied(desk: Any, tmp_path: Path) -> None:
    call_command("make_keys", stdout=StringIO())
    desk.KEY_PURPOSES = doors.purposes_of(["portal"]) & desk.KEY_PURPOSES
    desk.MYNA_DOORS = ["portal"]
    target = tmp_path / "web"
    call_command("make_keys", copy_to=target, stdout=StringIO())
    copied = {path.name: path.read_bytes() for path in target.glob("*.key")}
    assert {name.split(".")[0] for name in copied} == desk.KEY_PURPOSES
    assert not {name for name in copied if name.split(".")[0] in doors.VAULT}
    assert copied == {name: (desk.KEYS_DIR / name).read_bytes() for name in copied}
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.glob("**/*.*")} == {0o600}
    assert {path.suffix for path in (target / "pki").iterdir()} == {".cer"}


def test_the_desk_gets_the_authorities_with_their_keys(desk: Any, tmp_path: Path) -> None:
    call_command("make_keys", stdout=StringIO())
    call_command("make_keys", copy_to=tmp_path / "desk", stdout=StringIO())
    names = {path.name for path in (tmp_path / "desk" / "pki").iterdir()}
    assert names == {path.name for path in desk.PKI_DIR.iterdir()}
    assert {path.rpartition(".")[2] for path in names} == {"cer", "key"}
    assert len(names) == 4
