"""migrate_all brings all four databases up to date, once."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from databases import ALIASES
from mynaportal import migrating
from tests.support import DATABASES

FILES = {"registry", "exchange", "holdings", "portal"}


def manage(var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MYNA_VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "mynaportal.settings"}
    environment.pop("DATABASE_URL", None)
    return subprocess.run([sys.executable, "manage.py", *arguments], env=environment, capture_output=True, text=True)


@DATABASES
def test_nothing_is_missing_in_migrated_databases() -> None:
    assert {alias: migrating.missing(alias) for alias in ALIASES} == {alias: [] for alias in ALIASES}
    assert migrating.migrate_all() == dict.fromkeys(ALIASES, 0)


@dataclass
class Fresh:
    """A directory without databases, and what check said before and after it was migrated twice."""

    var: Path
    before: subprocess.CompletedProcess[str]
    first: subprocess.CompletedProcess[str]
    second: subprocess.CompletedProcess[str]
    after: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    var = tmp_path_factory.mktemp("var")
    return Fresh(var, *(manage(var, command) for command in ("check", "migrate_all", "migrate_all", "check")))


def test_check_fails_before_and_passes_after(fresh: Fresh) -> None:
    assert fresh.before.returncode != 0
    assert fresh.before.stderr.count("myna.E101") == 4
    assert fresh.after.returncode == 0, fresh.after.stderr


def test_all_four_are_migrated_once(fresh: Fresh) -> None:
    assert fresh.first.returncode == 0, fresh.first.stderr
    assert fresh.first.stdout.count("migrations applied") == 4
    assert (fresh.second.returncode, fresh.second.stdout) == (0, "")
    assert {path.stem for path in fresh.var.glob("*.sqlite3")} == FILES


def test_each_room_has_its_tables_in_its_database_only(fresh: Fresh) -> None:
    tables = {}
    for path in fresh.var.glob("*.sqlite3"):
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        tables[path.stem] = {name for (name,) in rows}
    assert "numbering_issuednumber" in tables["registry"]
    for database in FILES - {"registry"}:
        assert not any(name.startswith(("numbering_", "residents_", "cards_")) for name in tables[database])
    assert not any(name.startswith("holdings_") for name in tables["exchange"])


def test_readiness_tells_which_database_is_behind(fresh: Fresh, tmp_path: Path) -> None:
    copy = shutil.copytree(fresh.var, tmp_path / "var")
    code = (
        "import django; django.setup(); from django.test import Client;"
        "from django.conf import settings; settings.ALLOWED_HOSTS.append('testserver');"
        "answer = Client().get('/readyz'); print(answer.status_code, answer.content.decode())"
    )
    environment = {**os.environ, "MYNA_VAR_DIR": str(copy), "DJANGO_SETTINGS_MODULE": "mynaportal.settings"}
    environment.pop("DATABASE_URL", None)
    with sqlite3.connect(copy / "holdings.sqlite3") as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'holdings'")
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    status, _, body = run.stdout.partition(" ")
    assert status == "503", run.stderr
    assert json.loads(body)["databases"]["holdings"] == "behind"
    assert json.loads(body)["databases"]["registry"] == "ready"
