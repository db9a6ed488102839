"""Several processes at once, and one that is killed: real commits, on each database engine at hand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.committed import ENGINES, migrated_var, rows, run, start

pytestmark = [pytest.mark.committed, pytest.mark.parametrize("engine", ENGINES)]

RESIDENTS = 2_000
PROCESSES = 8

FILL = """
import sys
from residents.models import Resident
from residents.record_codes import new_record_code
codes = {new_record_code() for _ in range(int(sys.argv[1]))}
Resident.objects.bulk_create([Resident(resident_record_code=code) for code in codes])
print(len(codes))
"""

# Each waits until all are ready, so that they do run at once; the small batches make them meet often.
ASSIGN = """
import pathlib, sys, time
from django.utils import timezone
from numbering.assignment import assign_all
print("ready", flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.005)
print(assign_all(at=timezone.now(), batch=int(sys.argv[2])), flush=True)
"""

ASSIGN_ONE_BY_ONE = """
import pathlib, sys, time
from django.utils import timezone
from numbering.assignment import assign
from residents.models import Resident
people = list(Resident.objects.order_by("pk")[:int(sys.argv[2])])
print("ready", flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.005)
for person in people:
    assign(resident=person, at=timezone.now())
print(len(people), flush=True)
"""

STEP_BY_STEP = """
import sys
from django.utils import timezone
from numbering.assignment import assign_all
assign_all(at=timezone.now(), batch=20, progress=lambda done, total: print(done, flush=True))
"""

OPEN = """
from numbering import vault
from numbering.models import IssuedNumber
numbers = [vault.open_number(row) for row in IssuedNumber.objects.iterator()]
print(len(numbers), len(set(numbers)))
"""

STANDING = """SELECT COUNT(*), COUNT(DISTINCT resident_id), COUNT(DISTINCT blind_index)
               FROM numbering_issuednumber WHERE state = 'CURRENT'"""


def at_once(env: dict[str, str], go: Path, script: str, count: int, argument: int) -> list[int]:
    started = [start(env, script, str(go), str(argument), stdout=subprocess.PIPE) for _ in range(count)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    go.touch()
    printed = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0] * count
    return [int(text) for text in printed]


def assert_one_number_each(env: dict[str, str], people: int) -> None:
    assert rows(env, STANDING) == [(people, people, people)]
    assert run(env, OPEN).split() == [str(people), str(people)]


def test_eight_processes_give_each_resident_one_number(engine: str, tmp_path: Path) -> None:
    with migrated_var(tmp_path, engine) as env:
        people = int(run(env, FILL, str(RESIDENTS)))
        counted = at_once(env, tmp_path / "go", ASSIGN, PROCESSES, 50)
        assert sum(counted) == people
        assert_one_number_each(env, people)


def test_four_desks_assign_to_the_same_residents(engine: str, tmp_path: Path) -> None:
    with migrated_var(tmp_path, engine) as env:
        people = int(run(env, FILL, "30"))
        at_once(env, tmp_path / "go", ASSIGN_ONE_BY_ONE, 4, people)
        assert_one_number_each(env, people)


def test_a_kill_in_mid_run_loses_and_doubles_nothing(engine: str, tmp_path: Path) -> None:
    with migrated_var(tmp_path, engine) as env:
        people = int(run(env, FILL, str(RESIDENTS)))
        reported = 0
        for batches in (3, 7):  # killed twice, at different points
            process = start(env, STEP_BY_STEP, stdout=subprocess.PIPE)
            assert process.stdout is not None
            for _ in range(batches):
                assert process.stdout.readline().strip().isdigit()
                reported += 20
            process.kill()
            process.wait()
            process.stdout.close()
            ((standing, who, indexes),) = rows(env, STANDING)
            assert standing == who == indexes
            assert reported <= standing < people  # what was reported is there
            assert standing % 20 == 0  # and no half batch
            reported = standing
        command = "from django.core.management import call_command; call_command('assign_numbers')"
        assert f"{people - reported} numbers assigned" in run(env, command)
        assert_one_number_each(env, people)
