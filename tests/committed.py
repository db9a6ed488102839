"""Databases with real commits, for tests that start processes of their own: copies of a template migrated once.

Never flushed: the append-only triggers stay on. Each test process makes its own template at the first need and removes
it at exit.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
SERVER = os.environ.get("TEST_DATABASE_URL", "")
ENGINES = ["sqlite", "postgresql"] if SERVER else ["sqlite"]
_NAMES = ("registry", "exchange", "holdings", "portal")
_MIGRATE = """
import django; django.setup()
from django.core.management import call_command
from django.conf import settings
for alias in settings.DATABASES:
    call_command("migrate", database=alias, skip_checks=True, verbosity=0)
"""


@contextmanager
def migrated_var(tmp_path: Path, engine: str = "") -> Iterator[dict[str, str]]:
    """The environment of a process on four fresh, migrated databases, with a MYNA_VAR_DIR of its own.

    PostgreSQL where TEST_DATABASE_URL names a server, SQLite otherwise, or as `engine` says. Usage:
    `with migrated_var(tmp_path) as env: subprocess.run([...], cwd=ROOT, env=env)`.
    """
    engine = engine or ENGINES[-1]
    directory = tmp_path / f"var-{secrets.token_hex(4)}"
    if engine == "sqlite":
        shutil.copytree(_sqlite_template(), directory)
        yield _environment(directory)
        return
    directory.mkdir(mode=0o700)
    template, base = _postgresql_template(), f"{_server_name()}_{secrets.token_hex(4)}"
    try:
        for name in _NAMES:
            _on_server(f'CREATE DATABASE "{base}_{name}" TEMPLATE "{template}_{name}"')
        yield _environment(directory, _url(base))
    finally:
        _drop(base)


@contextmanager
def empty_database(name: str) -> Iterator[str]:
    """The URL of a database with nothing in it, beside the tests'."""
    full = f"{_server_name()}_{name}"
    _on_server(f'CREATE DATABASE "{full}"')
    try:
        yield _url(full)
    finally:
        _on_server(f'DROP DATABASE IF EXISTS "{full}" WITH (FORCE)')


def migrated_on(server: str, directory: Path) -> dict[str, str]:
    """The environment of a process on four new databases of another PostgreSQL server, named by its URL."""
    with closing(psycopg2.connect(server)) as connection, closing(connection.cursor()) as cursor:
        connection.autocommit = True
        for name in _NAMES:
            cursor.execute(f'CREATE DATABASE "myna_{name}"')
    env = _environment(directory, urlunsplit(urlsplit(server)._replace(path="/myna")))
    _migrate(env)
    return env


def connect(env: dict[str, str], name: str = "registry") -> Any:
    """A DB-API connection to one of the four (registry, exchange, holdings, portal), for looking from outside."""
    if "DATABASE_URL" not in env:
        return sqlite3.connect(Path(env["MYNA_VAR_DIR"]) / f"{name}.sqlite3", timeout=60)
    return psycopg2.connect(f"{env['DATABASE_URL']}_{name}")


def rows(env: dict[str, str], query: str, name: str = "registry") -> list[tuple[Any, ...]]:
    """The rows of one query, on a connection of its own."""
    with closing(connect(env, name)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def start(env: dict[str, str], script: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start Python on a script that finds Django set up, in its own process."""
    code = "import django; django.setup()\n" + script
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, env=env, text=True, **options)


def run(env: dict[str, str], script: str, *arguments: str) -> str:
    """Run a script as `start` does, to its good end, and return what it printed."""
    process = start(env, script, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return out


def released(processes: Sequence[subprocess.Popen[str]], *, timeout: float = 600) -> list[Any]:
    """Let processes that wait for a line go on together, to their good end; what each prints then, as JSON."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = []
    for process in processes:
        out, errors = process.communicate(timeout=timeout)
        assert process.returncode == 0, errors
        said.append(json.loads(out))
    return said


def _environment(directory: Path, url: str = "") -> dict[str, str]:
    own = {"DATABASE_URL", "TEST_DATABASE_URL", "MYNA_KEYS_DIR", *(f"{name.upper()}_DATABASE_URL" for name in _NAMES)}
    env = {name: value for name, value in os.environ.items() if name not in own}
    env |= {"MYNA_VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "mynaportal.settings"}
    return env | ({"DATABASE_URL": url} if url else {})


def _migrate(env: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", _MIGRATE], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@cache
def _sqlite_template() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="mynaportal-template-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    _migrate(_environment(directory))
    for file in directory.glob("*.sqlite3"):
        with closing(sqlite3.connect(file)) as connection:  # all into the one file, so that a copy is whole
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return directory


@cache
def _postgresql_template() -> str:
    base = f"{_server_name()}_template_{secrets.token_hex(4)}"
    atexit.register(_drop, base)
    for name in _NAMES:
        _on_server(f'CREATE DATABASE "{base}_{name}"')
    with tempfile.TemporaryDirectory() as directory:
        _migrate(_environment(Path(directory), _url(base)))
    return base


def _drop(base: str) -> None:
    for name in _NAMES:
        _on_server(f'DROP DATABASE IF EXISTS "{base}_{name}" WITH (FORCE)')


def _on_server(statement: str) -> None:
    connection = psycopg2.connect(_url("postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def _server_name() -> str:
    return urlsplit(SERVER).path.strip("/") or "mynaportal"


def _url(name: str) -> str:
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
