"""Rows into tables without a model object for each: a few in one trip to the database, many by COPY where there is one.

Half of what Django's `bulk_create` costs is spent on what a row of known types does not need. Values are written as
Django's own columns are: text, numbers, bytes, UUIDs, instants and days. A code is given as it is printed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connections, models

Rows = Sequence[tuple[Any, ...]]
_FEW = 16


def insert(database: str, *tables: tuple[type[models.Model], Rows]) -> None:
    """Insert each table's rows, whose values stand in the order of the model's fields; one that counts itself is left
    out. The caller holds the transaction. Raises IntegrityError."""
    connection = connections[database]
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            for model, rows in tables:
                cursor.executemany(_statement(model, database, 1), [tuple(map(stored, row)) for row in rows])
            return
        few = [(model, rows) for model, rows in tables if 0 < len(rows) <= _FEW]
        for model, rows in tables:
            if len(rows) > _FEW:
                text = io.StringIO("".join(map(_line, rows)))
                with connection.wrap_database_errors:
                    cursor.copy_expert(f"COPY {_named(model, database)} FROM STDIN", text)
        if few:
            statements = [_statement(model, database, len(rows)) for model, rows in few]
            cursor.execute("; ".join(statements), [value for _, rows in few for row in rows for value in row])


@cache
def fields(model: type[models.Model]) -> list[Any]:
    """The fields whose values a row states, in its order."""
    return [field for field in model._meta.concrete_fields if not field.db_returning]


@cache
def _named(model: type[models.Model], database: str) -> str:
    """The table with its columns, as a statement names them."""
    quote = connections[database].ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields(model))
    return f"{quote(model._meta.db_table)} ({columns})"


@cache
def _statement(model: type[models.Model], database: str, count: int) -> str:
    places = f"({', '.join(['%s'] * len(fields(model)))})"
    return f"INSERT INTO {_named(model, database)} VALUES {', '.join([places] * count)}"  # noqa: S608 - our own names


def _line(row: tuple[Any, ...]) -> str:
    """A row in the text format of COPY."""
    return "\t".join([_COPIED.get(type(value), _escaped)(value) for value in row]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


def stored(value: Any) -> Any:
    """A value as SQLite stores Django's columns."""
    change = _STORED.get(type(value))
    return change(value) if change else value


_COPIED: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: r"\N",
    bool: lambda value: "t" if value else "f",
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
