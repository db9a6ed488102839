"""Only where there is no line to the database is the service away; what a statement fails of is our failure."""

from __future__ import annotations

import psycopg2
import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connections
from django.db.utils import load_backend

from databases.away import is_away
from tests.support import DATABASES


class Said(psycopg2.OperationalError):
    """As PostgreSQL says it: psycopg2 sets the state itself."""

    pgcode = ""

    def __init__(self, state: str) -> None:
        super().__init__("the line says something")
        self.pgcode = state


def wrapped(kind: type[Exception], cause: Exception | None) -> Exception:
    error = kind("as Django raises it")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("state", ["08006", "08001", "53300", "57P01", "57P02", "57P03"])
def test_a_line_that_broke_means_away(state: str) -> None:
    assert is_away(wrapped(OperationalError, Said(state)))


def test_no_line_and_a_closed_one_mean_away() -> None:
    assert is_away(wrapped(OperationalError, psycopg2.OperationalError()))
    assert is_away(wrapped(InterfaceError, psycopg2.InterfaceError("connection already closed")))


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014", "53100"])
def test_a_statement_that_failed_does_not(state: str) -> None:
    assert not is_away(wrapped(OperationalError, Said(state)))


@pytest.mark.parametrize("kind", [DatabaseError, IntegrityError, OperationalError, ValueError])
def test_nor_does_any_other_failure(kind: type[Exception]) -> None:
    assert not is_away(wrapped(kind, None))
    assert not is_away(None)


def connected(settings: dict[str, object]) -> Exception:
    """The error of trying to connect."""
    own = connections["default"].settings_dict | settings
    with pytest.raises(OperationalError) as failure:
        load_backend(str(own["ENGINE"])).DatabaseWrapper(own, "default").ensure_connection()
    return failure.value


@DATABASES
def test_a_server_that_is_not_there() -> None:
    nowhere = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": 9, "NAME": "x", "OPTIONS": {}}
    assert is_away(connected(nowhere))


@DATABASES
def test_a_file_that_is_not_there() -> None:
    assert is_away(connected({"ENGINE": "django.db.backends.sqlite3", "NAME": "/nowhere/x.sqlite3", "OPTIONS": {}}))


@DATABASES
def test_a_wrong_statement_is_ours() -> None:
    with pytest.raises(DatabaseError) as failure, connections["default"].cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
    assert not is_away(failure.value)
