"""One statement that reads, in as few trips to the database as there can be: one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import InterfaceError, OperationalError, connections

from databases.away import is_away
from databases.rows import stored


def fetch(database: str, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows as of now.

    Whether a kept connection still lives is not tried beforehand, as Django does once in a request, for that takes as
    long as the question itself: where it has died, it is opened anew and asked once more.
    """
    connection = connections[database]
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return _fetch(connection, statement, values)
    except (InterfaceError, OperationalError) as error:
        if connection.in_atomic_block or not is_away(error):
            raise
        connection.close()
    return _fetch(connection, statement, values)


def _fetch(connection: Any, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    if connection.vendor != "postgresql":
        values = [stored(value) for value in values]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
