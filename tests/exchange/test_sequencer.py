"""The log grows: an index without gaps, tiles, one checkpoint for each batch; many processes at once, and kills."""

from __future__ import annotations

import json
import signal
import time
import uuid
from dataclasses import replace

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.test.utils import CaptureQueriesContext

from exchange import ledger, notes, sequencer, tlog, tree
from exchange.models import AccessRecord, Checkpoint, Cosignature, Leaf, Phase, Tile
from exchange.sequencer import Prepared
from exchange.tlog import CompactRange
from tests import committed
from tests.committed import ENGINES, migrated_var
from tests.exchange.people import NOW
from tests.exchange.test_ledger import an_event, write
from tests.support import DATABASES, scaled

on_database = pytest.mark.usefixtures("agencies")


def recomputed() -> CompactRange:
    """The tree from the leaves' bodies alone."""
    grown = CompactRange()
    for body in Leaf.objects.order_by("index").values_list("body", flat=True):
        grown.append(tlog.leaf_hash(body.encode()))
    return grown


def prepared(count: int, **changes) -> list[Prepared]:
    event = an_event(**changes)
    return [ledger.prepare(replace(event, id=uuid.uuid4()), phase=Phase.ASKED, at=NOW) for _ in range(count)]


@DATABASES
@on_database
def test_each_record_leaves_a_signed_checkpoint_of_the_whole_tree():
    for size in range(1, 6):
        write()
        newest = tree.newest_checkpoint()
        assert (newest.size, bytes(newest.root)) == (size, recomputed().root())
        stated = notes.Checkpoint.parse(newest.note)
        assert (stated.origin, stated.size, stated.root) == (settings.LOG_ORIGIN, size, bytes(newest.root))
        assert notes.signers(newest.note, tree.verifiers()) == tree.verifiers()[:1]


@DATABASES
@on_database
def test_a_batch_has_one_checkpoint_and_is_taken_whole_or_not_at_all():
    records = prepared(7)
    assert ledger.record_all(records) == list(range(7))
    assert list(Leaf.objects.order_by("index").values_list("id", flat=True)) == [record.leaf for record in records]
    assert [row.size for row in Checkpoint.objects.all()] == [7]
    again = prepared(2)
    again[1].event = again[0].event
    with pytest.raises(IntegrityError):
        ledger.record_all(again)
    assert (Leaf.objects.count(), AccessRecord.objects.count(), Checkpoint.objects.count()) == (7, 7, 1)


@DATABASES
@on_database
def test_tiles_are_written_when_they_are_full():
    ledger.record_all(prepared(255))
    assert not Tile.objects.exists()
    ledger.record_all(prepared(2))
    ledger.record_all(prepared(600))
    assert [(tile.level, tile.number, len(tile.hashes)) for tile in Tile.objects.order_by("number")] == [
        (0, number, 8192) for number in range(3)
    ]
    hashes = [bytes(leaf.hash) for leaf in Leaf.objects.order_by("index")]
    assert tree.tile(0, 2, 256) == b"".join(hashes[512:768])
    assert tree.tile(0, 3, 89) == b"".join(hashes[768:])
    nodes = tree.nodes(857)
    assert tlog.root_at(857, nodes) == bytes(tree.newest_checkpoint().root)
    assert tlog.root_at(256, nodes) == tree.tile(1, 0, 3)[:32]


@DATABASES
@on_database
def test_a_second_level_of_tiles(monkeypatch):
    monkeypatch.setattr(tlog, "TILE_HEIGHT", 3)
    monkeypatch.setattr(tlog, "TILE_WIDTH", 8)
    for size in (5, 200, 300, 83):
        ledger.record_all(prepared(size))
    widths = {level: Tile.objects.filter(level=level).count() for level in range(4)}
    assert widths == {0: 588 // 8, 1: 588 // 64, 2: 588 // 512, 3: 0}
    assert tlog.root_at(588, tree.nodes(588)) == bytes(tree.newest_checkpoint().root) == recomputed().root()


@DATABASES
@on_database
def test_a_record_costs_no_more_queries_in_a_large_log():
    for size in (1, 300, 1500):
        ledger.record_all(prepared(size))
        one = prepared(1)
        with CaptureQueriesContext(connections["exchange"]) as queries:
            ledger.record_all(one)
        work = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"] and "advisory" not in query["sql"]]
        assert len(work) <= 5, work


@DATABASES
@on_database
def test_leaves_from_before_the_tree_are_its_first_ones():
    for index, record in enumerate(prepared(300)):
        body = record.body
        Leaf.objects.create(index=index, id=record.leaf, body=body, hash=tlog.leaf_hash(body.encode()), written_at=NOW)
    write()
    assert (tree.newest_checkpoint().size, bytes(tree.newest_checkpoint().root)) == (301, recomputed().root())
    assert Tile.objects.count() == 1


@DATABASES
@on_database
def test_one_refused_record_does_not_hold_up_the_others():
    write()
    waiting = prepared(3)
    waiting[1].event = AccessRecord.objects.get().event
    writings = [sequencer._Writing([record]) for record in waiting]
    sequencer._put_down(writings)
    assert [writing.indexes is not None for writing in writings] == [True, False, True]
    assert isinstance(writings[1].error, IntegrityError)
    assert set(Leaf.objects.filter(index__gte=1).values_list("id", flat=True)) == {waiting[0].leaf, waiting[2].leaf}
    assert bytes(tree.newest_checkpoint().root) == recomputed().root()


@DATABASES
@on_database
def test_when_the_database_fails_every_writer_of_the_batch_is_told(monkeypatch):
    def fail(*_):
        raise DatabaseError("gone")

    monkeypatch.setattr(sequencer, "_sequence", fail)
    writings = [sequencer._Writing([record]) for record in prepared(2)]
    sequencer._put_down(writings)
    assert [type(writing.error) for writing in writings] == [DatabaseError] * 2
    with pytest.raises(DatabaseError, match="gone"):
        write()
    assert sequencer._waiting == []


FORBIDDEN = [
    f"{statement} exchange_{table}{rest}"
    for table, column in (("tile", "root"), ("checkpoint", "note"), ("cosignature", "line"))
    for statement, rest in (("DELETE FROM", ""), ("UPDATE", f" SET {column} = {column}"))
]
TABLES = ("tile", "checkpoint", "cosignature")
FORBIDDEN_ON = {
    "sqlite": [f"INSERT OR REPLACE INTO exchange_{table} SELECT * FROM exchange_{table}" for table in TABLES],  # noqa: S608
    "postgresql": [f"TRUNCATE exchange_{table} CASCADE" for table in TABLES],
}


@DATABASES
@on_database
def test_the_database_refuses_every_change_of_the_tree():
    ledger.record_all(prepared(256))
    Cosignature.objects.create(checkpoint=tree.newest_checkpoint(), witness="w", line="l")
    smaller = "INSERT INTO exchange_checkpoint SELECT 9, root, note, frontier FROM exchange_checkpoint"
    connections["exchange"].check_constraints()
    for statement in [*FORBIDDEN, smaller, *FORBIDDEN_ON[connections["exchange"].vendor]]:
        with (
            pytest.raises(DatabaseError, match=r"append-only|larger|immutable"),
            transaction.atomic(using="exchange"),
            connections["exchange"].cursor() as cursor,
        ):
            cursor.execute(statement)
    assert (Tile.objects.count(), Checkpoint.objects.count(), Cosignature.objects.count()) == (1, 1, 1)


# Threads of one process, which share their commits.
THREADS = 4
WRITER = """
import sys, threading
from django.utils import timezone
from agencies.models import Agency
from exchange import ledger
from exchange.models import Kind, Phase
chofu = Agency.objects.get(local_code="132080")
print("ready", flush=True)
sys.stdin.readline()
def work():
    for turn in range(int(sys.argv[1])):
        event = ledger.Event(kind=Kind.INQUIRY, inquirer=chofu, provider=None, affair="", data_set="", items=(),
                             subject=bytes(32), private={})
        record = ledger.prepare(event, phase=Phase.ASKED, at=timezone.now())
        [index] = ledger.record_all([record])
        sys.stdout.write(f"{index} {record.leaf}\\n")
        sys.stdout.flush()
threads = [threading.Thread(target=work) for _ in range(int(sys.argv[2]))]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
PREPARE = "from agencies import registry; registry.load()\nfrom exchange import tree; tree.verifiers()"


def started(env, turns: int) -> list:
    processes = [committed.start(env, WRITER, str(turns), str(THREADS), stdin=-1, stdout=-1) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes


def assert_whole(env, promised: dict[int, str]) -> int:
    """Contiguous, every promise kept, and the last checkpoint's root that of the bodies. Returns the size."""
    leaves = committed.rows(env, 'SELECT "index", id, body, hash FROM exchange_leaf ORDER BY "index"', "exchange")
    assert [row[0] for row in leaves] == list(range(len(leaves)))
    ids = {index: json.loads(body)["id"] for index, _, body, _ in leaves}
    assert {index: ids.get(index) for index in promised} == promised
    grown, roots = CompactRange(), {}
    for _, _, body, _ in leaves:
        grown.append(tlog.leaf_hash(body.encode()))
        roots[grown.size] = grown.root()
    stated = committed.rows(env, "SELECT size, root FROM exchange_checkpoint ORDER BY size", "exchange")
    assert [(size, bytes(root)) for size, root in stated] == [(size, roots[size]) for size, _ in stated]
    assert stated[-1][0] == len(leaves)
    sides = committed.rows(env, "SELECT count(*) FROM exchange_accessrecord", "exchange")
    assert sides == [(len(leaves),)]
    return len(leaves)


@pytest.mark.committed
@pytest.mark.soak
@pytest.mark.parametrize("engine", ENGINES)
def test_four_processes_at_once_leave_one_log_without_gaps(tmp_path, engine):
    turns = scaled(200)
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        promised = {}
        for process in started(env, turns):
            out, _ = process.communicate(timeout=300)
            assert process.returncode == 0
            promised |= {int(index): id_ for index, id_ in map(str.split, out.splitlines())}
        assert len(promised) == 4 * THREADS * turns
        assert assert_whole(env, promised) == 4 * THREADS * turns
        batches = committed.rows(env, "SELECT count(*) FROM exchange_checkpoint", "exchange")[0][0]
        assert batches < 4 * THREADS * turns, "no two records ever shared a checkpoint"


@pytest.mark.committed
@pytest.mark.soak
@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_promised_survives_a_kill_in_mid_run(tmp_path, engine):
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        promised, size = {}, 0
        for _ in range(scaled(20)):
            processes = started(env, 100_000)
            time.sleep(0.4)
            for process in processes:
                process.send_signal(signal.SIGKILL)
            for process in processes:
                whole = process.communicate()[0].rpartition("\n")[0]
                promised |= {int(index): id_ for index, id_ in map(str.split, whole.splitlines())}
            grown = assert_whole(env, promised)
            assert grown > size
            size = grown
