"""Two operators, a rehearsal before the real key signs, and minutes that nobody can write afterwards."""

from __future__ import annotations

import builtins
import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from django.core.management import CommandError, call_command
from django.utils import timezone

from cards import authorities, ceremony
from cards.pki import lint
from cards.pki.profiles import SIGNATURE

pytestmark = pytest.mark.usefixtures("places")
TWO = ["Akira Suzuki", "Yumi Tanaka"]


def perform(tmp_path: Path, *, operators: list[str] = TWO, confirm: Any = None) -> dict[str, Any]:
    return ceremony.perform(
        SIGNATURE,
        operators=operators,
        confirm=confirm or (lambda operator, text: True),
        minutes=tmp_path / "minutes.json",
        at=timezone.now(),
    )


def files(settings: Any) -> set[str]:
    return {path.name for path in Path(settings.PKI_DIR).glob("*")}


def test_the_next_generation_is_made_with_the_chosen_suite(tmp_path: Path, settings: Any) -> None:
    authorities.make(SIGNATURE, generation=1, at=timezone.now())
    settings.PKI_SUITE = "P-384"
    signed = perform(tmp_path)
    assert authorities.generations(SIGNATURE) == [1, 2]
    assert signed["minutes"]["suite"] == "P-384"
    assert authorities.issuing(SIGNATURE, at=timezone.now()).profile.suite.name == "P-384"
    anchor = authorities.anchor(SIGNATURE, 2)
    assert signed["minutes"]["certificate_sha256"] == anchor.fingerprint(hashes.SHA256()).hex()
    assert json.loads((tmp_path / "minutes.json").read_text()) == signed
    assert ceremony.minutes_are_genuine(signed, anchor)


def test_changed_minutes_are_seen(tmp_path: Path) -> None:
    signed = perform(tmp_path)
    anchor = authorities.anchor(SIGNATURE, 1)
    for name in signed["minutes"]:
        changed = {**signed, "minutes": {**signed["minutes"], name: "something else"}}
        assert not ceremony.minutes_are_genuine(changed, anchor)
    authorities.make(SIGNATURE, generation=2, at=timezone.now())
    assert not ceremony.minutes_are_genuine(signed, authorities.anchor(SIGNATURE, 2))


@pytest.mark.parametrize("operators", [["One"], ["One", "one "], ["One", " "], ["One", "Two", "Three"], []])
def test_two_different_operators_are_needed(tmp_path: Path, settings: Any, operators: list[str]) -> None:
    with pytest.raises(ceremony.Refused, match="two operators"):
        perform(tmp_path, operators=operators)
    assert files(settings) == set()


@pytest.mark.parametrize("doubtful", TWO)
def test_without_both_nothing_is_made(tmp_path: Path, settings: Any, doubtful: str) -> None:
    with pytest.raises(ceremony.Refused, match=doubtful):
        perform(tmp_path, confirm=lambda operator, text: operator != doubtful)
    assert files(settings) == set()
    assert not (tmp_path / "minutes.json").exists()


def test_a_fault_in_the_rehearsal_stops_it_before_the_real_key(tmp_path: Path, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(lint, "authority", lambda certificate, *, profile: ["validity"])
    with pytest.raises(ceremony.Refused, match="validity"):
        perform(tmp_path)
    assert files(settings) == set()


def test_pkilints_word_counts_where_it_is_installed(tmp_path: Path, settings: Any, monkeypatch: Any) -> None:
    tool = tmp_path / "lint_pkix_cert"
    tool.write_text("#!/bin/sh\necho a seeded finding\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ceremony.Refused, match="a seeded finding"):
        perform(tmp_path)
    assert files(settings) == set()


def test_what_is_there_is_never_made_again(tmp_path: Path, settings: Any) -> None:
    perform(tmp_path)
    with pytest.raises(ceremony.Refused, match="minutes"):
        perform(tmp_path)
    (tmp_path / "minutes.json").unlink()
    (settings.PKI_DIR / "signature.1.cer").unlink()  # the key alone is enough to refuse
    before = (settings.PKI_DIR / "signature.1.key").read_bytes()
    with pytest.raises(ceremony.Refused, match=r"signature\.1 already"):
        perform(tmp_path)
    assert (settings.PKI_DIR / "signature.1.key").read_bytes() == before


def test_the_command_asks_both_and_prints_fingerprints(tmp_path: Path, monkeypatch: Any) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "make it"

    monkeypatch.setattr(builtins, "input", answer)
    out = StringIO()
    names = [part for name in TWO for part in ("--operator", name)]
    call_command("ca_ceremony", SIGNATURE, *names, minutes=tmp_path / "m.json", stdout=out)
    assert [prompt.split(":")[0] for prompt in asked] == TWO
    said = out.getvalue().replace(":", "")
    assert authorities.anchor(SIGNATURE, 1).fingerprint(hashes.SHA256()).hex() in said
    monkeypatch.setattr(builtins, "input", lambda prompt: "yes")
    with pytest.raises(CommandError, match="did not confirm"):
        call_command("ca_ceremony", SIGNATURE, *names, minutes=tmp_path / "n.json", stdout=out)
    assert authorities.generations(SIGNATURE) == [1]
