"""Many rows of one table in one statement: COPY on PostgreSQL, a prepared INSERT on SQLite.

Half of what Django's `bulk_create` costs is spent on what a row of known types does not need. Values are written as
Django's own columns are: text, whole numbers, bytes, UUIDs, instants and days.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connections, models


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, using: str) -> None:
    """Insert the rows, whose values stand in the order of the columns. Raises IntegrityError."""
    connection = connections[using]
    names = [connection.ops.quote_name(column) for column in columns]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            text = io.StringIO("".join("\t".join(map(_copied, row)) + "\n" for row in rows))
            with connection.wrap_database_errors:
                cursor.copy_expert(f"COPY {table} ({', '.join(names)}) FROM STDIN", text)
        else:
            places = ", ".join(["%s"] * len(names))
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - names of columns
            cursor.executemany(statement, [tuple(map(_stored, row)) for row in rows])


def _copied(value: Any) -> str:
    """A value in the text format of COPY."""
    return r"\N" if value is None else _COPIED.get(type(value), _escaped)(value)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


def _stored(value: Any) -> Any:
    """A value as SQLite stores Django's columns."""
    change = _STORED.get(type(value))
    return change(value) if change else value


_COPIED: dict[type, Callable[[Any], str]] = {
    int: str,
    bytes: lambda value: r"\\x" + value.hex(),
    memoryview: lambda value: r"\\x" + value.hex(),
    UUID: lambda value: value.hex,
    datetime: datetime.isoformat,
    date: date.isoformat,
}
_STORED: dict[type, Callable[[Any], Any]] = {
    UUID: lambda value: value.hex,
    memoryview: bytes,
    datetime: lambda value: str(value.astimezone(UTC).replace(tzinfo=None)),
    date: date.isoformat,
}
