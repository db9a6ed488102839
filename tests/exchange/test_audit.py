"""Whoever may write to the database directly is found: by the check of the rows, and by the citizen's own program."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from exchange import audit, ledger, proofs, tlog, tree
from exchange.models import AccessRecord, Checkpoint, Leaf, Tile
from keys.sealing import seal
from tests.exchange.people import HANAKO, KENJI, NOW, ask, hold_income, portal_code
from tests.exchange.test_sequencer import prepared
from tests.support import DATABASES
from tools import verify_records

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


@pytest.fixture
def log(agencies: None) -> list[int]:
    """A log of more than one tile whose triggers are off, for this test alone; the places of Hanako's entries."""
    hold_income(HANAKO)
    ask(KENJI)
    ask(HANAKO)
    ledger.record_all(prepared(270, subject=bytes(32)))
    ask(HANAKO)
    connection = connections["exchange"]
    connection.check_constraints()
    tables = ("leaf", "accessrecord", "tile", "checkpoint")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            for table in tables:
                cursor.execute(f"ALTER TABLE exchange_{table} DISABLE TRIGGER USER")
    mine = AccessRecord.objects.about(ledger.subject_of(portal_code(HANAKO)))
    return list(mine.order_by("leaf").values_list("leaf_id", flat=True))


def found() -> list[str]:
    return [*audit.faults(), *audit.sides_amiss(at=NOW)]


def file_of_hanako() -> dict:
    return json.loads(json.dumps(proofs.of_citizen(portal_code=portal_code(HANAKO), at=NOW)))


def faults_of_file(content: dict) -> list[str]:
    return list(verify_records.check(content, keys=[], witnesses=[]))


def body_with(index: int, **changes: object) -> str:
    content = {**json.loads(Leaf.objects.get(index=index).body), **changes}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def change(index: int) -> None:
    Leaf.objects.filter(index=index).update(body=body_with(index, inquirer="132063"))


def change_with_hash(index: int) -> None:
    change(index)
    hashed = tlog.leaf_hash(Leaf.objects.get(index=index).body.encode())
    Leaf.objects.filter(index=index).update(hash=hashed)


def change_only_the_hash(index: int) -> None:
    Leaf.objects.filter(index=index).update(hash=bytes(32))


def swap_with_the_next(index: int) -> None:
    one, other = Leaf.objects.get(index=index), Leaf.objects.get(index=index + 1)
    for place, leaf in ((index, other), (index + 1, one)):
        Leaf.objects.filter(index=place).update(body=leaf.body, hash=bytes(leaf.hash))


CHANGES = [change, change_with_hash, change_only_the_hash, swap_with_the_next]


def test_a_log_that_nobody_touched_is_whole(log: list[int]) -> None:
    assert found() == []
    assert faults_of_file(file_of_hanako()) == []
    call_command("check_log")


@pytest.mark.parametrize("place", [0, -2, -1], ids=["in a full tile", "at the edge", "the last"])
@pytest.mark.parametrize("act", CHANGES[:3])
def test_a_changed_row_is_found(log: list[int], act: Callable[[int], None], place: int) -> None:
    act(log[place])
    assert found() != []
    with pytest.raises(CommandError):
        call_command("check_log")
    if act is not change_only_the_hash or place:
        assert faults_of_file(file_of_hanako()) != []


def test_reordered_rows_are_found(log: list[int]) -> None:
    swap_with_the_next(log[0])
    assert found() != []
    # The leaf beside which her side now stands binds another one.
    assert any("sealed for you" in fault for fault in faults_of_file(file_of_hanako()))


@pytest.mark.parametrize("place", [0, -1], ids=["in a full tile", "the last"])
def test_a_deleted_record_is_found(log: list[int], place: int) -> None:
    earlier = file_of_hanako()
    AccessRecord.objects.filter(leaf_id=log[place])._raw_delete("exchange")
    assert found() == [f"The side of entry {log[place]} is missing."]
    Leaf.objects.filter(index=log[place])._raw_delete("exchange")
    assert found() != []
    later = proofs.of_citizen(portal_code=portal_code(HANAKO), at=NOW)
    assert any("missing from the later file" in fault for fault in verify_records.compare(earlier, later, keys=[]))


def test_a_side_row_that_was_changed_or_hidden_is_found(log: list[int]) -> None:
    rows = AccessRecord.objects.filter(leaf_id=log[0])
    sealed = bytes(rows.get().private_sealed)
    for changes in (
        {"subject": bytes(32)},
        {"subject": None},
        {"disclosed_from": None},
        {"disclosed_from": NOW.date() + timedelta(days=400)},
        {"phase": "REFUSED"},
        {"at": NOW + timedelta(days=1)},
        {"private_sealed": bytes(AccessRecord.objects.get(leaf_id=log[1]).private_sealed)},
    ):
        before = rows.values(*changes).get()
        rows.update(**changes)
        assert found() == [f"The side of entry {log[0]} was changed."]
        rows.update(**{name: bytes(v) if isinstance(v, memoryview) else v for name, v in before.items()})
    assert bytes(rows.get().private_sealed) == sealed
    assert found() == []


def test_a_side_written_anew_with_the_stolen_key_is_found(log: list[int]) -> None:
    row = AccessRecord.objects.select_related("leaf").get(leaf_id=log[0])
    other = ledger.side_of(row).replace(b"2026-0042", b"2026-0043")
    sealed = seal("record-seal", other, context=f"exchange.AccessRecord.private_sealed:{row.leaf.id}")
    AccessRecord.objects.filter(leaf_id=log[0]).update(private_sealed=sealed)
    assert found() == [f"The side of entry {log[0]} was changed."]
    assert "sealed for you" in faults_of_file(file_of_hanako())[0]


def test_a_changed_tree_is_found(log: list[int]) -> None:
    stored = Tile.objects.get()
    Tile.objects.update(hashes=bytes(8192))
    assert any("tile" in fault for fault in found())
    assert faults_of_file(file_of_hanako()) != []
    Tile.objects.update(hashes=bytes(stored.hashes))
    assert found() == []
    newest = tree.newest_checkpoint()
    newest_of = Checkpoint.objects.filter(size=newest.size)
    newest_of.update(root=bytes(32))
    assert "checkpoint" in found()[0]
    newest_of.update(root=bytes(newest.root), note=newest.note.replace("—", "-"))
    assert "checkpoint" in found()[0]
    newest_of.delete()
    assert "fewer" in found()[0]


def test_a_row_put_in_at_the_end_is_found(log: list[int]) -> None:
    last = Leaf.objects.order_by("-index").first()
    Leaf.objects.create(index=last.index + 1, id=prepared(1)[0].leaf, body="{}", hash=b"", written_at=NOW)
    assert any("fewer" in fault for fault in found())


MUTATIONS = {
    "the leaf": lambda entry: entry.update(leaf=entry["leaf"].replace("132080", "132063")),
    "the side": lambda entry: entry.update(side=entry["side"].replace("2026-0042", "2026-0043")),
    "the salt": lambda entry: entry.update(salt="00" * 32),
    "the place": lambda entry: entry.update(index=entry["index"] + 1),
    "a hash": lambda entry: entry["proof"].__setitem__(0, entry["proof"][1]),
    "the proof": lambda entry: entry["proof"].pop(),
    "nothing left": lambda entry: entry.clear(),
    "not hexadecimal": lambda entry: entry.update(salt="x"),
}


@pytest.mark.parametrize("what", MUTATIONS)
def test_each_change_of_a_file_is_told_with_its_record(log: list[int], what: str) -> None:
    content = file_of_hanako()
    MUTATIONS[what](content["records"][1]["entries"][0])
    told = faults_of_file(content)
    assert told and all(f"Record 2 ({content['records'][1]['reference']})" in fault for fault in told)


def test_a_changed_checkpoint_and_a_foreign_key_are_told(log: list[int]) -> None:
    content = file_of_hanako()
    for wrong in (
        {"checkpoint": content["checkpoint"].replace("\n276\n", "\n275\n")},
        {"checkpoint": ""},
        {"checkpoint": content["checkpoint"].replace("— mynaportal", "— someone")},
        {"keys": []},
        {"keys": [content["keys"][0].replace("mynaportal.example/log", "other.example/log")]},
    ):
        assert faults_of_file({**content, **wrong})[0].startswith("The checkpoint:"), wrong


def test_a_record_without_its_beginning_and_one_that_stands_twice_are_told(log: list[int]) -> None:
    content = file_of_hanako()
    first, second = content["records"]
    assert (
        "the entry with which it began is missing"
        in faults_of_file({**content, "records": [{**first, "entries": first["entries"][1:]}]})[0]
    )
    assert "it stands twice" in faults_of_file({**content, "records": [first, first]})[0]
    mixed = {**first, "entries": [first["entries"][0], second["entries"][1]]}
    assert "different events" in faults_of_file({**content, "records": [mixed]})[0]


def test_the_program_says_how_it_ended(log: list[int], tmp_path, capsys) -> None:
    content, path, bent = file_of_hanako(), tmp_path / "mine.json", tmp_path / "bent.json"
    path.write_text(json.dumps(content))
    assert verify_records.main([str(path)]) == 0
    assert "All is well: 2 records with 4 entries" in capsys.readouterr().out
    assert verify_records.main([str(path), "--earlier", str(path), "--key", content["keys"][0]]) == 0
    MUTATIONS["the leaf"](content["records"][0]["entries"][0])
    bent.write_text(json.dumps(content))
    assert verify_records.main([str(bent)]) == 1
    assert "Record 1" in capsys.readouterr().out
    assert verify_records.main([str(path), "--witness", content["keys"][0]]) == 1
    for text in ("", "[]", "{}", "\x00"):
        bent.write_text(text)
        assert verify_records.main([str(bent)]) == 2
    assert verify_records.main([str(tmp_path / "none.json")]) == 2
