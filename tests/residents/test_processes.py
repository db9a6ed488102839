"""Two desks at once: the same notification makes one person, the same move one entry. Real commits on each engine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.committed import ENGINES, migrated_var, rows, start

pytestmark = [pytest.mark.committed, pytest.mark.parametrize("engine", ENGINES)]

DESKS = 4

DESK = """
import pathlib, sys, time
from numbering import persons
from codes import rist1
from residents.moves import move_out, move_in
from residents.protection import protect
from residents.register import register_moving_in
from tests.residents.people import CHOFU, CLERK, HANAKO, MITAKA, noon
public = rist1.public_key(rist1.new_scalar())
print("ready", flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.001)
who = register_moving_in(details=HANAKO, address=MITAKA, by=CLERK, at=noon("2026-06-01")).resident
persons.blinded_point(resident=who, recipient_public_key=public)
persons.request_issue(resident=who, agency="132080", epoch=1, at=noon("2026-06-01"))
persons.note_issue(resident=who, agency="132080", epoch=1, at=noon("2026-06-01"))
protect(resident=who, by=CLERK, at=noon("2026-06-01"))
move_out(resident=who, by=CLERK, at=noon("2026-06-02"))
move_in(resident=who, address=CHOFU, by=CLERK, at=noon("2026-06-03"))
"""


def test_the_same_acts_at_several_desks_are_noted_once(engine: str, tmp_path: Path) -> None:
    with migrated_var(tmp_path, engine) as env:
        desks = [start(env, DESK, str(tmp_path / "go"), stdout=subprocess.PIPE) for _ in range(DESKS)]
        for desk in desks:
            assert desk.stdout is not None
            assert desk.stdout.readline() == "ready\n"
        (tmp_path / "go").touch()
        for desk in desks:
            desk.communicate(timeout=120)
        assert [desk.returncode for desk in desks] == [0] * DESKS
        counted = {
            table: rows(env, f"SELECT COUNT(*) FROM {table}")[0][0]  # noqa: S608 - our own table names
            for table in (
                "residents_resident",
                "residents_entry",
                "residents_household",
                "residents_localperson",
                "residents_protection",
                "numbering_personsecret",
                "numbering_issuedcode",
            )
        }
        assert list(counted.values()) == [1, 3, 2, 2, 1, 1, 1]
        versions = rows(env, "SELECT version, event FROM residents_entry ORDER BY version")
        assert versions == [(1, "REGISTERED"), (2, "MOVED_OUT"), (3, "MOVED_IN")]
