"""A witness signs what continues what it saw, and nothing else, also across its own death."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management import CommandError, call_command

from exchange import ledger, notes, proofs, tlog, tree, witnessing
from exchange.models import Checkpoint, Cosignature, Leaf
from exchange.notes import Verifier
from tests.exchange.people import HANAKO, NOW, ask, hold_income, portal_code
from tests.exchange.test_audit import log  # noqa: F401 - a log whose triggers are off
from tests.exchange.test_sequencer import prepared
from tests.exchange.test_tlog import HASHES, tiles_of
from tests.support import DATABASES
from tools import verify_records, witness

ORIGIN, NAME = "log.example", "witness.example/w"
KEY = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
NODES = tlog.TileNodes(tiles_of(HASHES))


def note(size: int, root: bytes | None = None, *, origin: str = ORIGIN, key: Ed25519PrivateKey = KEY) -> str:
    root = tlog.root_at(size, NODES) if root is None else root
    return notes.sign(notes.Checkpoint(origin, size, root), name=origin, key=key)


def body(old: int, size: int, *, text: str = "", proof: list[bytes] | None = None) -> bytes:
    hashes = tlog.consistency_proof(old, size, NODES) if proof is None else proof
    lines = "".join(f"{base64.b64encode(hashed).decode()}\n" for hashed in hashes)
    return f"old {old}\n{lines}\n{text or note(size)}".encode()


def a_witness(directory: Path) -> witness.Witness:
    log_key = str(notes.verifier_of(ORIGIN, KEY))
    return witness.Witness(directory=directory, name=NAME, logs=[log_key], now=lambda: 1_700_000_000)


def status_of(one: witness.Witness, content: bytes) -> int:
    with pytest.raises(witness.Refused) as refused:
        one.add_checkpoint(content)
    return refused.value.status


def test_it_signs_each_continuation(tmp_path: Path) -> None:
    old = 0
    for size in (1, 2, 3, 8, 8, 100, 1999):
        line = a_witness(tmp_path).add_checkpoint(body(old, size))
        verifier = Verifier.parse(a_witness(tmp_path).verifier)
        assert notes.signers(note(size) + line, [verifier]) == [verifier]
        assert notes.signers(note(size + 1) + line, [verifier]) == []
        old = size


def test_its_answers_to_all_else_are_those_of_the_specification(tmp_path: Path) -> None:
    one = a_witness(tmp_path)
    one.add_checkpoint(body(0, 5))
    stranger = Ed25519PrivateKey.from_private_bytes(bytes([6]) * 32)
    assert status_of(one, body(5, 9, text=note(9, origin="other.example"))) == 404
    assert status_of(one, body(5, 9, text=note(9, key=stranger))) == 403
    assert status_of(one, body(5, 5, text=note(4))) == 400
    assert status_of(one, body(4, 9)) == 409
    assert status_of(one, body(0, 9)) == 409
    assert status_of(one, body(5, 5, text=note(5, bytes(32)))) == 409
    assert status_of(one, body(5, 9, proof=[])) == 422
    assert status_of(one, body(5, 9, proof=[bytes(32)] * 3)) == 422
    assert status_of(one, body(5, 9, text=note(9, bytes(32)))) == 422
    assert status_of(one, body(5, 9, proof=[bytes(32)] * 64)) == 400
    for text in (b"", b"old 5\n", b"old 05\n\n" + note(5).encode(), b"old 5\nx\n\n" + note(9).encode(), b"\xff\n\n"):
        assert status_of(one, text) == 400
    with pytest.raises(witness.Refused) as refused:
        one.add_checkpoint(body(4, 9))
    assert (refused.value.body, refused.value.content_type) == ("5\n", "text/x.tlog.size")
    one.add_checkpoint(body(5, 9))


def test_of_two_at_once_for_one_state_only_one_is_signed(tmp_path: Path) -> None:
    one, ends = a_witness(tmp_path), []

    def run(size: int) -> None:
        try:
            ends.append(one.add_checkpoint(body(0, size)) and 200)
        except witness.Refused as refused:
            ends.append(refused.status)

    threads = [threading.Thread(target=run, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [200] + [409] * 7


def test_as_a_program_it_keeps_its_key_and_its_memory(tmp_path: Path) -> None:
    program = [sys.executable, witness.__file__, "--name", NAME, "--log", str(notes.verifier_of(ORIGIN, KEY))]
    keys, ends = set(), []
    for content in (body(0, 5), body(0, 5), body(5, 9)):
        process = subprocess.Popen([*program, "--directory", str(tmp_path), "--port", "0"], stdout=-1, text=True)
        try:
            keys.add(process.stdout.readline())
            connection = http.client.HTTPConnection(process.stdout.readline().rpartition("//")[2].strip())
            connection.request("POST", "/add-checkpoint", content)
            ends.append(connection.getresponse().status)
            connection.close()
        finally:
            process.kill()
            process.wait()
    assert (len(keys), ends) == (1, [200, 409, 200])
    assert (tmp_path / "witness.key").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def running(tmp_path: Path, settings) -> Iterator[Verifier]:
    """A witness of this log, named in the settings."""
    one = witness.Witness(directory=tmp_path, name=NAME, logs=[str(tree.verifiers()[0])])
    server = witness.serve(one, port=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.WITNESSES = [f"http://127.0.0.1:{server.server_port} {one.verifier}"]
    yield Verifier.parse(one.verifier)
    server.shutdown()
    server.server_close()


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_the_log_asks_and_the_citizen_has_it_in_her_file(running: Verifier, capsys) -> None:
    hold_income(HANAKO)
    with pytest.raises(CommandError):
        call_command("ask_witnesses")
    for _ in range(3):
        ask()
        call_command("ask_witnesses")
    assert [row.checkpoint_id for row in Cosignature.objects.order_by("id")] == [2, 4, 6]
    assert f"{NAME} signed the log of 6 entries." in capsys.readouterr().out
    ask()
    content = json.loads(json.dumps(proofs.of_citizen(portal_code=portal_code(HANAKO), at=NOW)))
    assert notes.Checkpoint.parse(content["witnessed"]["checkpoint"]).size == 6
    assert list(verify_records.check(content, keys=[], witnesses=[str(running)])) == []
    stranger = str(notes.verifier_of("x.example", KEY, notes.WITNESS))
    assert "did not sign" in next(verify_records.check(content, keys=[], witnesses=[stranger]))
    bent = {**content, "witnessed": {**content["witnessed"], "proof": []}}
    assert "does not continue" in next(verify_records.check(bent, keys=[], witnesses=[]))


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_the_log_recovers_when_it_has_forgotten_what_the_witness_saw(running: Verifier) -> None:
    ledger.record_all(prepared(5))
    call_command("ask_witnesses")
    ledger.record_all(prepared(5))
    one = witnessing.Witness.parse(settings.WITNESSES[0])
    Cosignature.objects.filter(witness="nobody").exists()
    assert witnessing._post(one, tree.newest_checkpoint(), 0) == (409, "5\n")
    assert witnessing.ask(one) == 10


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_a_silent_or_foreign_witness_is_told(settings, running: Verifier) -> None:
    ledger.record_all(prepared(5))
    address = settings.WITNESSES[0].split()[0]
    settings.WITNESSES = [f"{address} {notes.verifier_of('x.example', KEY, notes.WITNESS)}"]
    with pytest.raises(CommandError):
        call_command("ask_witnesses")
    settings.WITNESSES = [f"http://127.0.0.1:9 {running}"]
    with pytest.raises(CommandError):
        call_command("ask_witnesses")
    assert not Cosignature.objects.exists()


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_an_address_that_leads_into_our_house_is_not_called(settings, running: Verifier, capsys) -> None:
    ledger.record_all(prepared(5))
    here = settings.WITNESSES[0]
    settings.PRODUCTION = True
    elsewhere = [here.replace("127.0.0.1", "10.0.0.1"), here.replace("http:", "https:"), f"file:///etc {running}"]
    for text in [here, *elsewhere]:
        settings.WITNESSES = [text]
        with pytest.raises(CommandError):
            call_command("ask_witnesses")
        assert "we do not call its address." in capsys.readouterr().err
    assert not Cosignature.objects.exists()


@DATABASES
@pytest.mark.usefixtures("agencies")
@pytest.mark.parametrize("size", ["9" * 5000, "²", "five", "6"])
def test_a_size_that_cannot_be_is_no_second_try(monkeypatch, running: Verifier, size: str) -> None:
    ledger.record_all(prepared(5))
    one, answers = witnessing.Witness.parse(settings.WITNESSES[0]), [(409, size)]
    monkeypatch.setattr(witnessing, "_post", lambda *asked: answers.pop())
    with pytest.raises(witnessing.NotWitnessed, match="another log"):
        witnessing.ask(one)


@DATABASES
@pytest.mark.parametrize("act", ["changed", "deleted", "swapped"])
def test_a_past_made_anew_and_signed_with_the_stolen_key_is_found(log, running: Verifier, act: str) -> None:  # noqa: F811
    """The thief has the database and the log's key: the rows, tiles and checkpoints are all right, but other ones."""
    call_command("ask_witnesses")
    earlier = proofs.of_citizen(portal_code=portal_code(HANAKO), at=NOW)
    bodies = list(Leaf.objects.order_by("index").values_list("body", flat=True))
    match act:
        case "changed":
            bodies[40] = bodies[40].replace("132080", "132063")
        case "deleted":
            del bodies[40]
        case "swapped":
            bodies[40], bodies[41] = bodies[41], bodies[40]
    grown = tlog.CompactRange()
    hashes = [tlog.leaf_hash(text.encode()) for text in [*bodies, "one", "more"]]
    for hashed in hashes:
        grown.append(hashed)
    key = Ed25519PrivateKey.from_private_bytes(ledger.sequencer.custody.current("record-log").material)
    stated = notes.Checkpoint(settings.LOG_ORIGIN, grown.size, grown.root())
    forged = notes.sign(stated, name=settings.LOG_ORIGIN, key=key)
    nodes, old = tlog.TileNodes(tiles_of(hashes)), notes.Checkpoint.parse(earlier["checkpoint"]).size
    proof = tlog.consistency_proof(old, grown.size, nodes)
    one = witnessing.Witness.parse(settings.WITNESSES[0])
    lines = "".join(f"{base64.b64encode(hashed).decode()}\n" for hashed in proof)
    connection = http.client.HTTPConnection(one.address.rpartition("//")[2])
    connection.request("POST", "/add-checkpoint", f"old {old}\n{lines}\n{forged}".encode())
    assert connection.getresponse().status == 422
    connection.close()
    later = {**earlier, "checkpoint": forged, "records": [],
             "since": {"size": old, "proof": [base64.b64encode(hashed).decode() for hashed in proof]}}  # fmt: skip
    told = verify_records.compare(earlier, later, keys=[])
    assert any("its past was changed" in fault for fault in told)
    assert Checkpoint.objects.count() > 0
